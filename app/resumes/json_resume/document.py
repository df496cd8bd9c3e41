"""The document as the published schema has it, and the check against that schema.

`schema-1.0.0.json` is the schema of jsonresume.org (MIT licence), unchanged. Its formats (`uri`, `email`, `date`) are annotations; what a
résumé cannot hold is left out of it on import, and reported.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator
from jsonschema.exceptions import ValidationError
from pydantic import GetJsonSchemaHandler, RootModel
from pydantic_core import CoreSchema

from app.core.problems import Invalid

SCHEMA_URL = "https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/schema.json"
SCHEMA: dict[str, Any] = json.loads((Path(__file__).parent / "schema-1.0.0.json").read_text(encoding="utf-8"))

# A long career takes some hundreds of values; checking takes some 20 microseconds for each.
MOST_VALUES = 10_000
_DEEPEST = 12

_VALIDATOR = Draft4Validator(SCHEMA)
_MESSAGES = {"additionalProperties": "The schema has no such member here.", "pattern": "Give a date as 2023, 2023-04 or 2023-04-15."}

Document = dict[str, Any]


class JsonResume(RootModel[Document]):
    """A JSON Resume document, schema 1.0.0."""

    @classmethod
    def __get_pydantic_json_schema__(cls, _: CoreSchema, __: GetJsonSchemaHandler) -> dict[str, Any]:
        inlined: dict[str, Any] = _inlined({name: value for name, value in SCHEMA.items() if name not in ("$schema", "definitions")})
        return {**inlined, "title": "JsonResume", "description": cls.__doc__}


def checked(document: Document) -> Document:
    """The document without its empty members, which say nothing (files from elsewhere hold null and "" where the schema wants a date).

    Raises Invalid, with a list for each place, when it does not fit the schema or holds too much.
    """
    _measure(document)
    found: Document = without_empty(document)
    errors: dict[str, list[str]] = {}
    for fault in _VALIDATOR.iter_errors(found):
        errors.setdefault(_place(fault), []).append(_MESSAGES.get(str(fault.validator), fault.message[:200]))
    if errors:
        raise Invalid(dict(list(errors.items())[:50]))
    return found


def without_empty(value: Any) -> Any:
    """The value without members that are null, empty texts, empty lists or empty objects; rows of a list keep their places."""
    if isinstance(value, dict):
        members = {name: without_empty(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member not in (None, "", [], {})}
    if isinstance(value, list):
        return [without_empty(item) for item in value if item not in (None, "")]
    return value.strip() if isinstance(value, str) else value


def _place(fault: ValidationError) -> str:
    names = [str(part) for part in fault.absolute_path]
    if fault.validator == "additionalProperties" and isinstance(fault.instance, dict):
        # The top level alone is closed.
        names += sorted(set(fault.instance) - set(SCHEMA["properties"]))[:1]
    return ".".join(names) or "non_field_errors"


def _measure(document: Document) -> None:
    for number, depth in enumerate(_depths(document)):
        if number >= MOST_VALUES or depth > _DEEPEST:
            raise Invalid({"non_field_errors": f"A document holds at most {MOST_VALUES:,} values, and {_DEEPEST} levels of them."})


def _depths(document: Document) -> Iterator[int]:
    """How deep each value lies, found without recursion."""
    waiting: list[tuple[Any, int]] = [(document, 0)]
    while waiting:
        value, depth = waiting.pop()
        yield depth
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        waiting.extend((item, depth + 1) for item in inner)


def _inlined(value: Any) -> Any:
    """The schema without references, which would point nowhere in another document."""
    if isinstance(value, dict):
        if "$ref" in value:
            return SCHEMA["definitions"][value["$ref"].rsplit("/", 1)[-1]]
        # OpenAPI knows neither of the two.
        return {name: _inlined(member) for name, member in value.items() if name != "additionalItems"}
    return [_inlined(item) for item in value] if isinstance(value, list) else value
