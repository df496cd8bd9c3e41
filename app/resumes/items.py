"""The rows of a résumé's sections. Numbers of rows and lengths stay below what the renderer prints (`rendering.limits`)."""

from typing import Annotated, Any, ClassVar

from pydantic import AliasChoices, Field, ValidationInfo, field_validator, model_validator

from app.core.schemas import Id, InModel, Whole
from app.resumes.fields import Flag, Grade, LongText, NullIsNoRows, OptionalAddress, OptionalDate, ShortText, Term, Title


class Item(InModel):
    """One row. Of the fields in `needed` one at least holds something; those in `optional` are stored only when they do."""

    needed: ClassVar[tuple[str, ...]] = ()
    optional: ClassVar[frozenset[str]] = frozenset()

    @model_validator(mode="after")
    def _says_something(self) -> "Item":
        if self.needed and not any(getattr(self, name) for name in self.needed):
            raise ValueError(f"Fill in {' or '.join(self.needed)}.")
        return self

    def stored(self) -> dict[str, Any]:
        """The row as JSON values."""
        return {name: value for name, value in self.model_dump(mode="json").items() if value or name not in self.optional}


class Period(Item):
    """Something that lasted; `is_current` leaves the end open. Dates are `YYYY`, `YYYY-MM` or `YYYY-MM-DD`."""

    start_date: OptionalDate = None
    end_date: OptionalDate = None

    @field_validator("end_date")
    @classmethod
    def _in_order(cls, end: str | None, info: ValidationInfo) -> str | None:
        start = info.data.get("start_date")
        if start and end and end[: len(start)] < start[: len(end)]:
            raise ValueError("The end is before the start.")
        return end


class OpenPeriod(Period):
    is_current: Flag = False

    @model_validator(mode="after")
    def _current_has_no_end(self) -> "OpenPeriod":
        if self.is_current:
            self.end_date = None
        return self


class Experience(OpenPeriod):
    needed = ("company", "position")
    optional = frozenset({"location", "technologies", "url"})

    company: ShortText = ""
    position: ShortText = ""
    description: LongText = ""
    location: ShortText = ""
    technologies: Annotated[list[Term], NullIsNoRows] = Field(default_factory=list, max_length=50)
    url: OptionalAddress = None


class Education(Period):
    needed = ("institution", "degree")
    optional = frozenset({"description", "url"})

    institution: ShortText = ""
    degree: ShortText = ""
    field_of_study: ShortText = ""
    gpa: Grade = None
    description: LongText = ""
    url: OptionalAddress = None


class Certification(Item):
    needed = ("name",)
    optional = frozenset({"url"})

    name: ShortText = ""
    issuing_organization: ShortText = ""
    issue_date: OptionalDate = None
    expiration_date: OptionalDate = None
    credential_id: ShortText = ""
    url: OptionalAddress = None


class Named(Item):
    """A row for which a plain text may stand: its name."""

    @model_validator(mode="before")
    @classmethod
    def _named(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value


class Language(Named):
    """A language and how well it is spoken, in the person's own words."""

    name: Annotated[Term, Field(validation_alias=AliasChoices("name", "language"))]
    level: Annotated[ShortText, Field(validation_alias=AliasChoices("level", "proficiency", "fluency"))] = ""


class Project(OpenPeriod):
    """`entity` is whom it was for, `type` what it is: an application, a talk."""

    optional = frozenset({"entity", "type"})

    name: Term
    role: ShortText = ""
    url: OptionalAddress = None
    description: LongText = ""
    technologies: Annotated[list[Term], NullIsNoRows] = Field(default_factory=list, max_length=50)
    entity: ShortText = ""
    type: ShortText = ""


class Publication(Item):
    """A paper, a book, an article; `authors` as they are to be printed."""

    optional = frozenset({"authors", "url", "description"})

    name: Title
    authors: ShortText = ""
    publisher: ShortText = ""
    release_date: OptionalDate = None
    url: OptionalAddress = None
    description: LongText = ""


class Award(Item):
    optional = frozenset({"description"})

    title: Title
    awarder: ShortText = ""
    date: OptionalDate = None
    description: LongText = ""


class Volunteer(OpenPeriod):
    """Unpaid work."""

    needed = ("organization", "position")
    optional = frozenset({"url"})

    organization: ShortText = ""
    position: ShortText = ""
    description: LongText = ""
    url: OptionalAddress = None


class Interest(Named):
    """Something one likes, and what of it."""

    name: Term
    keywords: Annotated[list[Term], NullIsNoRows] = Field(default_factory=list, max_length=50)


class Reference(Item):
    """Someone who speaks for one, and what they say."""

    needed = ("name", "reference")

    name: ShortText = ""
    reference: LongText = ""


class Link(Item):
    """A web or `mailto:` address with its label, or the name that one goes by there. A plain text counts as the address."""

    needed = ("url", "username")
    optional = frozenset({"username"})

    label: ShortText = ""
    url: OptionalAddress = None
    username: ShortText = ""

    @model_validator(mode="before")
    @classmethod
    def _addressed(cls, value: Any) -> Any:
        return {"url": value} if isinstance(value, str) else value


class SkillItem(InModel):
    """A skill with its level, 1-5. Without `id` it is matched by name; without `level` it keeps the one it had, else 3."""

    id: Id | None = None
    name: Term
    level: Annotated[Whole, Field(ge=1, le=5)] | None = None
