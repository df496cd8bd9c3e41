"""Opaque cursors over ids that encode time: what scales where an offset does not."""

import base64
import binascii
from typing import Annotated, Literal
from urllib.parse import urlencode

from flask import request
from pydantic import Field

from app.core.problems import Invalid
from app.core.schemas import InModel
from app.core.time_ids import LARGEST


class CursorQuery(InModel):
    """Newest first (the only order), up to `limit`; `cursor` continues where a page ended; `offset` works for the first few pages."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    offset: Annotated[int, Field(ge=0, le=1000)] = 0
    cursor: Annotated[str, Field(max_length=64)] | None = None
    ordering: Literal["-created_at"] | None = None

    @property
    def before_id(self) -> int:
        """Rows below this id follow. Raises Invalid for a cursor that we did not make."""
        return decode(self.cursor) if self.cursor else LARGEST


def encode(last_id: int) -> str:
    """The cursor after the row of that id."""
    return base64.urlsafe_b64encode(f"v1:{last_id}".encode()).decode().rstrip("=")


def decode(cursor: str) -> int:
    """The id that a cursor holds. Raises Invalid."""
    try:
        version, _, number = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii").partition(":")
        last_id = int(number)
    except (binascii.Error, ValueError) as error:
        raise Invalid({"cursor": "This cursor is not valid."}) from error
    if version != "v1" or not 0 < last_id <= LARGEST:
        raise Invalid({"cursor": "This cursor is not valid."})
    return last_id


def next_link(limit: int, last_id: int) -> str:
    """The address of the following page."""
    parameters = {**request.args.to_dict(), "limit": limit, "cursor": encode(last_id)}
    parameters.pop("offset", None)
    return f"{request.base_url}?{urlencode(parameters)}"
