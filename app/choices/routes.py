"""`/config/`: what clients need to build their forms."""

import hashlib

from apiflask import APIBlueprint
from flask import Response, request
from pydantic import create_model

from app.choices.labels import LABELS
from app.core.auth import public
from app.core.contract import JSON, returns
from app.core.schemas import OutModel

blp = APIBlueprint("choices", __name__, tag="Configuration")


class Choice(OutModel):
    """One value of an enumeration, with its English and its Vietnamese label."""

    value: str
    label: str
    label_vi: str


ConfigOut = create_model(
    "ConfigOut",
    __base__=OutModel,
    __doc__="Each enumeration by the name of its field, in the order to show.",
    **dict.fromkeys(LABELS, (list[Choice], ...)),  # type: ignore[call-overload]  # mypy wants literal field names.
)


def _body() -> bytes:
    choices = {
        field: [Choice(value=value, label=english, label_vi=vietnamese) for value, (english, vietnamese) in labels.items()]
        for field, labels in LABELS.items()
    }
    document: bytes = ConfigOut(**choices).model_dump_json().encode()
    return document


_BODY = _body()
_ETAG = hashlib.sha256(_BODY).hexdigest()[:32]


@blp.get("/config/")
@public
@returns(ConfigOut)
def get_config() -> Response:
    """The enumerations as `{value, label, label_vi}`."""
    response = Response(_BODY, content_type=JSON, headers={"Cache-Control": "public, max-age=300"})
    response.set_etag(_ETAG)
    response.make_conditional(request)
    return response
