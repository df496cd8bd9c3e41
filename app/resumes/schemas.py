"""What the résumé routes take and give."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from apiflask.fields import UploadFile
from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from app.core.pagination import ListQuery, page_of
from app.core.schemas import InModel, Line, OutModel, without_defaults
from app.resumes.fields import AccentColor, LongText, NullIsNoRows, OptionalEmail, Phone, ShortText, Term
from app.resumes.items import (
    Award,
    Certification,
    Education,
    Experience,
    Interest,
    Item,
    Language,
    Link,
    Project,
    Publication,
    Reference,
    SkillItem,
    Volunteer,
)
from app.resumes.models import PaperSize, PdfStatus, Resume
from app.resumes.rendering.limits import MAX_PAGES
from app.resumes.rendering.look import Design
from app.resumes.skills import Wanted

SECTIONS: dict[str, type[Item]] = {
    "experience": Experience,
    "education": Education,
    "certifications": Certification,
    "languages": Language,
    "projects": Project,
    "links": Link,
    "publications": Publication,
    "awards": Award,
    "volunteer": Volunteer,
    "interests": Interest,
    "references": Reference,
}


class Theme(StrEnum):
    """The designs a PDF may have."""

    CLASSIC = "classic"
    MODERN = "modern"
    COMPACT = "compact"
    ACADEMIC = "academic"
    TECHNICAL = "technical"
    VIETNAMESE = "vietnamese"


def _split(value: Any) -> Any:
    """A form may send the skills as one text, parted by commas."""
    return [part for part in (part.strip() for part in value.split(",")) if part] if isinstance(value, str) else value


class ResumeFields(InModel):
    full_name: ShortText = ""
    email: OptionalEmail = ""
    phone: Phone = ""
    address: ShortText = ""
    summary: LongText = ""
    photo: UploadFile | None = None
    skills: Annotated[list[Term], BeforeValidator(_split), NullIsNoRows] = Field(default_factory=list, max_length=100)
    skill_items: Annotated[list[SkillItem], NullIsNoRows] = Field(default_factory=list, max_length=100)
    experience: Annotated[list[Experience], NullIsNoRows] = Field(default_factory=list, max_length=50)
    education: Annotated[list[Education], NullIsNoRows] = Field(default_factory=list, max_length=30)
    certifications: Annotated[list[Certification], NullIsNoRows] = Field(default_factory=list, max_length=50)
    languages: Annotated[list[Language], NullIsNoRows] = Field(default_factory=list, max_length=30)
    projects: Annotated[list[Project], NullIsNoRows] = Field(default_factory=list, max_length=50)
    links: Annotated[list[Link], NullIsNoRows] = Field(default_factory=list, max_length=20)
    publications: Annotated[list[Publication], NullIsNoRows] = Field(default_factory=list, max_length=100)
    awards: Annotated[list[Award], NullIsNoRows] = Field(default_factory=list, max_length=50)
    volunteer: Annotated[list[Volunteer], NullIsNoRows] = Field(default_factory=list, max_length=50)
    interests: Annotated[list[Interest], NullIsNoRows] = Field(default_factory=list, max_length=30)
    references: Annotated[list[Reference], NullIsNoRows] = Field(default_factory=list, max_length=30)
    is_primary: bool = False
    theme: Theme = Theme.CLASSIC
    accent_color: AccentColor = ""
    paper_size: PaperSize = PaperSize.A4

    def changes(self) -> dict[str, Any]:
        """The fields that were sent as plain values: rows as JSON, skills as `Wanted`; the photo is left out."""
        given = self.given()
        given.pop("photo", None)
        for section in SECTIONS:
            if section in given:
                items: list[Item] = given[section]
                given[section] = [item.stored() for item in items]
        if "skill_items" in given:
            given["skill_items"] = [Wanted(item.name, item.level, item.id) for item in self.skill_items]
        return given


class ResumeCreate(ResumeFields):
    """A new résumé. Without a name, an e-mail address or a phone number those of the account are taken."""

    title: Line


class ResumePatch(ResumeFields):
    """Changes of a résumé: what is not sent stays. `photo: null` removes the picture."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    title: Line = ""


class SkillOut(OutModel):
    id: int
    name: str
    level: int


def _documented(item: type[Item]) -> WithJsonSchema:
    """The document of a section; its rows were checked when they came in and are not checked again on every read."""
    return WithJsonSchema({"type": "array", "items": item.model_json_schema()})


Rows = list[dict[str, Any]]


class ResumeOut(OutModel):
    id: int
    title: str
    full_name: str
    email: str
    phone: str
    address: str
    summary: str
    photo: str | None
    skills: list[str]
    skill_items: list[SkillOut]
    experience: Annotated[Rows, _documented(Experience)]
    education: Annotated[Rows, _documented(Education)]
    certifications: Annotated[Rows, _documented(Certification)]
    languages: Annotated[Rows, _documented(Language)]
    projects: Annotated[Rows, _documented(Project)]
    links: Annotated[Rows, _documented(Link)]
    publications: Annotated[Rows, _documented(Publication)]
    awards: Annotated[Rows, _documented(Award)]
    volunteer: Annotated[Rows, _documented(Volunteer)]
    interests: Annotated[Rows, _documented(Interest)]
    references: Annotated[Rows, _documented(Reference)]
    is_primary: bool
    theme: str
    accent_color: str
    paper_size: PaperSize
    pdf_status: PdfStatus
    pdf_generated_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, resume: Resume) -> Self:
        """The résumé as its readers see it."""
        return cls.model_validate(resume)


class NotTakenOut(OutModel):
    """A place in an imported document (`work.0.url`), and why it was left out."""

    field: str
    reason: str


class ImportedResumeOut(ResumeOut):
    """The résumé that was made of a document; `not_taken` names at most 200 places of it that are not in the résumé."""

    not_taken: list[NotTakenOut]


ResumePage = page_of(ResumeOut)


class ThemeOut(OutModel):
    """A design: what it is for, its own accent colour (`#rrggbb`), and where a picture of it is."""

    id: Theme
    name: str
    description: str
    accent_color: str
    preview: str

    @classmethod
    def of(cls, design: Design) -> Self:
        """The design as people choose it."""
        address = f"/api/v1/resumes/themes/{design.id}/preview.png"
        return cls(id=Theme(design.id), name=design.name, description=design.description, accent_color=design.accent, preview=address)


ThemePage = page_of(ThemeOut)


class ThemeQuery(ListQuery):
    """Themes have one order."""

    ordering: Literal["default"] | None = None


class PdfAnswer(OutModel):
    """`PROCESSING` with the task to watch, or `READY` with the address of the file."""

    status: PdfStatus
    message: str
    task_id: int | None = None
    status_url: str | None = None
    download_url: str | None = None


class PdfPending(OutModel):
    """There is no PDF; `detail` says why."""

    status: Literal["PENDING"] = "PENDING"
    detail: str


class DownloadOut(OutModel):
    status: PdfStatus
    download_url: str


class DownloadQuery(InModel):
    token: Annotated[str, Field(max_length=512)] | None = None


class PreviewQuery(DownloadQuery):
    page: Annotated[int, Field(ge=1, le=MAX_PAGES)] = 1
