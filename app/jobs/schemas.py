"""What the job routes take and give."""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Annotated, Any, cast

from pydantic import BeforeValidator, ConfigDict, StringConstraints, model_validator

from app.companies.schemas import PURGED_COMPANY, CompanyCard, CompanySummary
from app.core.schemas import Id, InModel, Line, Money, OutModel, Text, empty_is_none, without_defaults
from app.jobs.models import Currency, ExperienceLevel, Job, JobCounters, JobStatus, JobType, SavedJob

PURGED_TITLE = "[Job Deleted]"

_Empty = BeforeValidator(empty_is_none)
RequiredText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000)]


class JobOut(OutModel):
    """A posting in full. Pay is a month's, in the currency's minor unit; the counters may lag a minute."""

    id: int
    slug: str
    title: str
    company: CompanySummary
    company_id: int
    description: str
    requirements: str
    responsibilities: str
    benefits: str
    location: str
    is_remote: bool
    job_type: JobType
    experience_level: ExperienceLevel | None
    salary_min: int | None
    salary_max: int | None
    currency: Currency
    is_negotiable: bool
    deadline: date | None
    status: JobStatus
    is_deleted: bool
    deleted_at: datetime | None
    views_count: int
    applications_count: int
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, job: Job, counters: JobCounters | None = None) -> "JobOut":
        """The view of a job's row; without counters nobody has read or applied to it yet."""
        return cls(**cls.values(job, counters))

    @staticmethod
    def values(job: Job, counters: JobCounters | None) -> dict[str, Any]:
        """What the view of a job's row is made of."""
        counted = {"views_count": counters.views if counters else 0, "applications_count": counters.applications if counters else 0}
        return {name: getattr(job, name) for name in JobOut.model_fields if name not in _COUNTED} | counted


_COUNTED = frozenset({"views_count", "applications_count"})


class JobCard(OutModel):
    """A posting in few words, for lists of other things. A purged one has neither id nor status, and a fixed title."""

    id: int | None
    slug: str | None
    title: str
    location: str | None
    company: CompanyCard
    status: JobStatus | None
    is_deleted: bool

    @classmethod
    def of(cls, job: Job | None) -> "JobCard":
        """The card of a job's row, also when it is soft-deleted; None is a job that has been purged."""
        return cls.model_validate(job) if job is not None else cls(**PURGED_CARD)


PURGED_CARD: Mapping[str, Any] = {
    "id": None,
    "slug": None,
    "title": PURGED_TITLE,
    "location": None,
    "company": CompanyCard(id=None, name=PURGED_COMPANY, logo=None),
    "status": None,
    "is_deleted": True,
}


class SavedJobCard(JobCard):
    """The card of a bookmark, with what a candidate compares."""

    job_type: JobType | None = None
    experience_level: ExperienceLevel | None = None
    salary_min: int | None = None
    salary_max: int | None = None
    currency: Currency | None = None
    is_negotiable: bool | None = None
    deadline: date | None = None


class SavedJobOut(OutModel):
    """A bookmark: its own id, the job's id (null once purged), and the job's card."""

    id: int
    job_id: int | None
    job: SavedJobCard
    created_at: datetime

    @classmethod
    def of(cls, saved: SavedJob) -> "SavedJobOut":
        """The view of a bookmark's row."""
        card = cast(SavedJobCard, SavedJobCard.of(saved.job))
        return cls(id=saved.id, job_id=saved.job_id, job=card, created_at=saved.created_at)


def _either_name(name: str, other: str) -> Callable[[Any], Any]:
    """A rule for a body: `other` serves where `name` is absent; when both come, `name` counts."""

    def merged(data: Any) -> Any:
        if not isinstance(data, dict) or other not in data:
            return data
        rest = {key: value for key, value in data.items() if key != other}
        return {name: data[other], **rest}

    return merged


class JobCreate(InModel):
    """A new posting. `company` is the company's id (`company_id` serves too); `status` OPEN publishes it at once."""

    company: Id
    title: Line
    description: RequiredText
    requirements: Text | None = None
    responsibilities: Text | None = None
    benefits: Text | None = None
    location: Line
    is_remote: bool = False
    job_type: JobType
    experience_level: Annotated[ExperienceLevel | None, _Empty] = None
    salary_min: Annotated[Money | None, _Empty] = None
    salary_max: Annotated[Money | None, _Empty] = None
    currency: Currency = Currency.VND
    is_negotiable: bool = False
    deadline: Annotated[date | None, _Empty] = None
    status: JobStatus = JobStatus.DRAFT

    _company = model_validator(mode="before")(_either_name("company", "company_id"))


class JobPatch(JobCreate):
    """The fields to change. A posting stays with its company; `status` moves as by publishing and closing."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    company: Id = 0
    title: Line = ""
    description: RequiredText = ""
    location: Line = ""
    job_type: JobType = JobType.FULL_TIME


class SaveJob(InModel):
    """The job to bookmark, by its id (`job_id` serves too)."""

    job: Id

    _job = model_validator(mode="before")(_either_name("job", "job_id"))
