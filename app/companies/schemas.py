"""What the company routes take and give."""

import unicodedata
from datetime import datetime
from typing import Annotated

from apiflask.fields import UploadFile
from pydantic import AfterValidator, ConfigDict, Field

from app.companies.models import Company
from app.core.pagination import ListQuery
from app.core.schemas import InModel, Line, OptionalLine, OptionalUrl, OutModel, Text, without_defaults

PURGED_COMPANY = "N/A"


def _one_spelling(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split())


# Composed, with single blanks: names that look alike are one name, so that the second is refused.
CompanyName = Annotated[Line, AfterValidator(_one_spelling)]


class CompanyCard(OutModel):
    """The employer on a compact card; of a purged job only the name `N/A` is left."""

    id: int | None
    name: str
    logo: str | None


class CompanySummary(OutModel):
    """The employer inside a job's full view."""

    id: int
    name: str
    slug: str
    logo: str | None
    website: str | None
    industry: str
    company_size: str
    location: str


class CompanyOut(CompanySummary):
    """An employer; `open_jobs` counts the postings that take applications now."""

    description: str
    created_at: datetime
    updated_at: datetime
    open_jobs: int

    @classmethod
    def of(cls, company: Company, open_jobs: int) -> "CompanyOut":
        """The public view of a company's row."""
        values = {name: getattr(company, name) for name in cls.model_fields if name != "open_jobs"}
        return cls(**values, open_jobs=open_jobs)


class CompanyCreate(InModel):
    """Only the name is required; null and an empty text mean the same."""

    name: CompanyName
    logo: UploadFile | None = None
    website: OptionalUrl = None
    description: Text | None = None
    industry: OptionalLine | None = None
    company_size: OptionalLine | None = None
    location: OptionalLine | None = None


class CompanyPatch(CompanyCreate):
    """The fields to change; a `logo` of null removes the picture."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    name: CompanyName = ""


class CompanyQuery(ListQuery):
    """`q` (or `search`) looks in names, without regard to case and accents; `mine` lists a recruiter's own."""

    q: str | None = Field(None, max_length=200)
    search: str | None = Field(None, max_length=200)
    mine: bool = False


class Overview(OutModel):
    """A recruiter's figures over all own companies. `total_jobs` leaves deleted postings out, `active_jobs` counts those that take applications."""

    total_jobs: int
    active_jobs: int
    total_views: int
    credits_left: int
    membership_expires_at: datetime | None


class ApplicationTotals(OutModel):
    """`new` are those that nobody has looked at (PENDING)."""

    total: int
    new: int


class CompanyStats(OutModel):
    overview: Overview
    applications: ApplicationTotals
