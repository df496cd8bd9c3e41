"""What the lists of jobs take and give."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.core.clock import now
from app.core.pagination import ListQuery, page_of
from app.core.schemas import Id, InModel, Money, OutModel
from app.jobs.models import Currency, ExperienceLevel, Job, JobCounters, JobStatus, JobType
from app.jobs.schemas import JobOut
from app.search import suggestions
from app.search.criteria import Filters, read_place
from app.search.engine import FACETS, FacetCounts
from app.search.highlights import Marker
from app.search.models import SuggestionKind
from app.search.query import MAX_QUERY_LENGTH

Typed = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_QUERY_LENGTH)]
Ordering = Literal[
    "relevance", "created_at", "-created_at", "salary_max", "-salary_max", "deadline", "-deadline", "title", "-title",
]  # fmt: skip


class JobListQuery(ListQuery):
    """`q` (or `search`) looks in the whole posting, `location` in its place; both ignore case and accents.

    A job's pay must reach `salary_min` and begin at or below `salary_max`, both in the minor unit of `currency` (VND unless said); with either, a
    job that states no pay is left out. `posted_within` is in days. Lists may be repeated or separated by commas. The order is by relevance when
    there is a text, else the newest first.

    `next` has a `cursor`, with which nothing is shown twice or skipped while jobs come and go; it belongs to that search alone.
    """

    ordering: Ordering | None = None
    cursor: Annotated[str, StringConstraints(max_length=1000)] | None = None
    q: Typed = ""
    search: Typed = ""
    job_type: list[JobType] = Field([], max_length=len(JobType))
    experience_level: list[ExperienceLevel] = Field([], max_length=len(ExperienceLevel))
    location: Annotated[str, StringConstraints(max_length=100)] = ""
    company: list[Id] = Field([], max_length=50)
    salary_min: Money | None = None
    salary_max: Money | None = None
    currency: Currency | None = None
    remote: bool | None = None
    posted_within: Annotated[int, Field(ge=1, le=3650)] | None = None

    @property
    def typed(self) -> str:
        """The text to search for; empty when there is none."""
        return self.q or self.search

    def filters(self) -> Filters:
        """The conditions apart from the text."""
        states_pay = self.salary_min is not None or self.salary_max is not None
        return Filters(
            job_types=tuple(self.job_type),
            experience_levels=tuple(self.experience_level),
            place=read_place(self.location),
            company_ids=tuple(self.company),
            salary_min=self.salary_min,
            salary_max=self.salary_max,
            currency=self.currency or (Currency.VND if states_pay else None),
            is_remote=self.remote,
            posted_after=now() - timedelta(days=self.posted_within) if self.posted_within else None,
        )


class JobBoardQuery(JobListQuery):
    """With `mine`, a recruiter lists the own jobs in any status, or in those of `status`."""

    mine: bool = False
    status: list[JobStatus] = Field([], max_length=len(JobStatus))


class RecommendationQuery(ListQuery):
    """Recommendations, and jobs like another, have one order."""

    ordering: Literal["relevance"] | None = None


class SuggestQuery(InModel):
    """`q` is what was typed so far."""

    q: Typed = ""
    limit: Annotated[int, Field(ge=1, le=suggestions.MOST)] = suggestions.MOST


class SuggestionOut(OutModel):
    """A text to search for. `kind` tells what it is of open jobs; a company comes with its id, to filter by."""

    kind: SuggestionKind
    text: str
    company_id: int | None


class SuggestionsOut(OutModel):
    """At most ten, the best first."""

    results: list[SuggestionOut]


class ValueCount(OutModel):
    """A value that a filter takes, and how many jobs it would give."""

    value: str
    count: int


class FlagCount(OutModel):
    value: bool
    count: int


class CompanyCount(OutModel):
    """A company's id and name, and how many jobs it would give."""

    value: int
    label: str
    count: int


class Facets(OutModel):
    """For each filter its ten most frequent values, counted as if that filter alone were not set."""

    job_type: list[ValueCount]
    experience_level: list[ValueCount]
    location: list[ValueCount]
    company: list[CompanyCount]
    remote: list[FlagCount]

    @classmethod
    def of(cls, counts: Mapping[str, FacetCounts], companies: Mapping[int, str]) -> "Facets":
        """The view of an engine's counts; `companies` are the names by id, and one that is not there any more is left out."""
        listed = {name: [{"value": value, "count": count} for value, count in counts.get(name, ())] for name in FACETS}
        listed["company"] = [{**entry, "label": companies[entry["value"]]} for entry in listed["company"] if entry["value"] in companies]
        return cls.model_validate(listed)


class Highlights(OutModel):
    """Where a job has what was searched for: HTML that is safe to print, escaped but for `<mark>` around each word; null without one.

    `passages` are up to two from the long texts, from the description on.
    """

    title: str | None
    company: str | None
    location: str | None
    passages: list[str]

    @classmethod
    def of(cls, job: Job, marker: Marker) -> "Highlights":
        """The marks in a job's row."""
        return cls(
            title=marker.mark(job.title),
            company=marker.mark(job.company.name),
            location=marker.mark(job.location),
            passages=marker.fragments((job.description, job.requirements, job.responsibilities, job.benefits)),
        )


class FoundJob(JobOut):
    """A posting in full, with what made it a hit."""

    highlights: Highlights

    @classmethod
    def found(cls, job: Job, counters: JobCounters | None, marker: Marker) -> "FoundJob":
        """The view of a job's row as a hit."""
        return cls(**JobOut.values(job, counters), highlights=Highlights.of(job, marker))


JobPage = page_of(JobOut)
FoundJobPage = page_of(FoundJob)


class JobSearchPage(FoundJobPage):  # type: ignore[misc, valid-type]  # Its base is made at run time.
    """One page of hits. `engine` answered, `degraded` when it stood in for another.

    When nothing matched as typed, `corrected` is the text that was searched for instead, and `relaxed` tells that some words were enough.
    `did_you_mean` is a text one slip away that finds far more, when few jobs have what was typed.
    """

    facets: Facets
    engine: str
    degraded: bool
    relaxed: bool
    corrected: str | None
    did_you_mean: str | None
