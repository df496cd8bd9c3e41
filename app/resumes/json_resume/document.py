"""The document's shape. As in the schema, the top level is closed and every object below it may hold members of its own.

Texts are checked again, and more strictly, as fields of a résumé.
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from app.resumes.fields import NullIsEmpty, OptionalAddress, OptionalDate, OptionalEmail

SCHEMA_URL = "https://raw.githubusercontent.com/jsonresume/resume-schema/v1.0.0/schema.json"

Words = Annotated[str, StringConstraints(strip_whitespace=True, max_length=5_000), NullIsEmpty]
WordList = Annotated[list[Annotated[str, StringConstraints(strip_whitespace=True, max_length=5_000)]], Field(max_length=100)]


class Part(BaseModel):
    """An object of the document; names are camel case outside."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_camel, populate_by_name=True)


class Location(Part):
    address: Words = ""
    postal_code: Words = ""
    city: Words = ""
    country_code: Words = ""
    region: Words = ""


class Profile(Part):
    network: Words = ""
    username: Words = ""
    url: OptionalAddress = None


class Basics(Part):
    name: Words = ""
    label: Words = ""
    email: OptionalEmail = ""
    phone: Words = ""
    url: OptionalAddress = None
    summary: Words = ""
    location: Location | None = None
    profiles: Annotated[list[Profile], Field(max_length=50)] = []


class Dated(Part):
    start_date: OptionalDate = None
    end_date: OptionalDate = None
    url: OptionalAddress = None
    summary: Words = ""
    description: Words = ""
    highlights: WordList = []


class Work(Dated):
    name: Words = ""
    position: Words = ""
    location: Words = ""
    keywords: WordList = []


class Volunteer(Dated):
    organization: Words = ""
    position: Words = ""


class Education(Dated):
    institution: Words = ""
    area: Words = ""
    study_type: Words = ""
    score: Words = ""
    courses: WordList = []


class Award(Part):
    title: Words = ""
    date: OptionalDate = None
    awarder: Words = ""


class Certificate(Part):
    """`expiration_date` and `credential_id` are members of our own, which the schema allows."""

    name: Words = ""
    date: OptionalDate = None
    url: OptionalAddress = None
    issuer: Words = ""
    expiration_date: OptionalDate = None
    credential_id: Words = ""


class Publication(Part):
    name: Words = ""
    publisher: Words = ""
    release_date: OptionalDate = None
    url: OptionalAddress = None
    summary: Words = ""


class Skill(Part):
    name: Words = ""
    level: Words = ""
    keywords: WordList = []


class Language(Part):
    language: Words = ""
    fluency: Words = ""


class Project(Dated):
    name: Words = ""
    keywords: WordList = []
    roles: WordList = []


class Meta(Part):
    version: Words = ""
    theme: Words = ""


class JsonResume(Part):
    """A JSON Resume document."""

    model_config = ConfigDict(extra="forbid", alias_generator=to_camel, populate_by_name=True)

    schema_url: Annotated[Words, Field(alias="$schema")] = ""
    basics: Basics | None = None
    work: Annotated[list[Work], Field(max_length=100)] = []
    volunteer: Annotated[list[Volunteer], Field(max_length=100)] = []
    education: Annotated[list[Education], Field(max_length=100)] = []
    awards: Annotated[list[Award], Field(max_length=100)] = []
    certificates: Annotated[list[Certificate], Field(max_length=100)] = []
    publications: Annotated[list[Publication], Field(max_length=100)] = []
    skills: Annotated[list[Skill], Field(max_length=100)] = []
    languages: Annotated[list[Language], Field(max_length=100)] = []
    interests: Annotated[list[Any], Field(max_length=100)] = []
    references: Annotated[list[Any], Field(max_length=100)] = []
    projects: Annotated[list[Project], Field(max_length=100)] = []
    meta: Meta | None = None

    def dump(self) -> str:
        """The document as JSON text, without what is empty."""
        return self.model_dump_json(by_alias=True, exclude_defaults=True)
