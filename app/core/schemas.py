"""The bases of every request and answer model, and the field types that features share."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, EmailStr, Field, HttpUrl, StringConstraints
from pydantic.functional_validators import AfterValidator

MAX_ID = 2**63 - 1


class InModel(BaseModel):
    """A request body or query: what is not declared is refused."""

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)

    def given(self) -> dict[str, Any]:
        """Only the fields that the client sent: the changes of a PATCH."""
        return {name: getattr(self, name) for name in self.model_fields_set}


class OutModel(BaseModel):
    """An answer, read from a model's attributes."""

    model_config = ConfigDict(from_attributes=True)


def _lower(email: str) -> str:
    return email.lower()


def _bare(email: Any) -> Any:
    """`Name <name@example.com>` would be taken for an address, and its owner could not sign in by what was typed."""
    if isinstance(email, str) and "<" in email:
        raise ValueError("Give the address alone, such as name@example.com.")
    return email


def _plain_url(url: HttpUrl) -> str:
    return str(url)


def is_none(value: object) -> bool:
    """For `exclude_if`: a field without a value is left out of the answer."""
    return value is None


def empty_is_none(value: Any) -> Any:
    """For `BeforeValidator`: an empty text, as forms send it, counts as null."""
    return None if value == "" else value


def _no_truth(value: Any) -> Any:
    """Python counts true as 1; a client that sends it for a number is mistaken."""
    if isinstance(value, bool):
        raise ValueError("Send a number, not true or false.")
    return value


def without_defaults(schema: dict[str, Any]) -> None:
    """For `json_schema_extra` of a PATCH body: what is not sent stays as it is, so the document shows no default."""
    for declared in schema.get("properties", {}).values():
        declared.pop("default", None)


Id = Annotated[int, BeforeValidator(_no_truth), Field(ge=1, le=MAX_ID)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=255)]
OptionalLine = Annotated[str, StringConstraints(strip_whitespace=True, max_length=255)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=20_000)]
Whole = Annotated[int, BeforeValidator(_no_truth)]
Money = Annotated[int, BeforeValidator(_no_truth), Field(ge=0, le=10**15)]
Email = Annotated[EmailStr, StringConstraints(max_length=254), AfterValidator(_lower), BeforeValidator(_bare)]
Url = Annotated[HttpUrl, AfterValidator(_plain_url)]
OptionalUrl = Annotated[Url | None, BeforeValidator(empty_is_none)]
