"""Field types of a résumé: partial dates, web addresses, grades, texts in which null counts as empty."""

import math
import re
from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, PlainValidator, StringConstraints
from pydantic.networks import validate_email

from app.resumes.rendering.links import url_link

_PARTIAL_DATE = re.compile(r"[12][0-9]{3}(-[0-9]{2}(-[0-9]{2})?)?")


def _check_date(text: str) -> str:
    if not _PARTIAL_DATE.fullmatch(text):
        raise ValueError("Give a date as 2023, 2023-04 or 2023-04-15.")
    # What is missing counts as the first; a day that the calendar does not have raises ValueError.
    date.fromisoformat(f"{text}-01-01"[:10])
    return text


def _check_address(text: str) -> str:
    for address in (text, f"https://{text}"):
        link = url_link(address)
        if link is not None and link.href and (address == text or "." in text.split("/", 1)[0]):
            return address
    raise ValueError("Give a web address such as https://example.com.")


def _check_email(text: str) -> str:
    return validate_email(text)[1] if text else ""


def _check_grade(value: Any) -> int | float | str | None:
    if value is None or (isinstance(value, str) and not value.strip()):
        return None
    if isinstance(value, str) and len(value) <= 120:
        return value.strip()
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and 0 <= value <= 1000:
        return value
    raise ValueError("Give a grade as a number or a short text such as 3.6/4.")


def _null_is_empty(value: Any) -> Any:
    return "" if value is None else value


def _null_is_false(value: Any) -> Any:
    return False if value is None else value


def _null_is_no_rows(value: Any) -> Any:
    return [] if value is None else value


def _empty_is_null(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


NullIsEmpty = BeforeValidator(_null_is_empty)
NullIsNoRows = BeforeValidator(_null_is_no_rows)

ShortText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255), NullIsEmpty]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, max_length=64), NullIsEmpty]
LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5_000), NullIsEmpty]
OptionalEmail = Annotated[ShortText, AfterValidator(_check_email)]
Term = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Title = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
Flag = Annotated[bool, BeforeValidator(_null_is_false)]

PartialDate = Annotated[str, StringConstraints(strip_whitespace=True, max_length=10), AfterValidator(_check_date)]
OptionalDate = Annotated[PartialDate | None, BeforeValidator(_empty_is_null)]

WebAddress = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000), AfterValidator(_check_address)]
OptionalAddress = Annotated[WebAddress | None, BeforeValidator(_empty_is_null)]

# Empty: the theme's own colour.
AccentColor = Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=r"^(#[0-9A-Fa-f]{6})?$"), NullIsEmpty]

Grade = Annotated[int | float | str | None, PlainValidator(_check_grade, json_schema_input_type=int | float | str | None)]
