"""What the job alert routes take and give."""

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from app.alerts.models import Frequency
from app.core.schemas import Id, InModel, Money, OutModel
from app.jobs.models import Currency, ExperienceLevel, JobType
from app.search.query import MAX_QUERY_LENGTH


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


Often = Annotated[Frequency, BeforeValidator(_upper)]
Typed = Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_QUERY_LENGTH)]


class AlertFilters(InModel):
    """The filters of `/jobs/search/`, under the same names and with the same meaning."""

    job_type: list[JobType] = Field([], max_length=len(JobType))
    experience_level: list[ExperienceLevel] = Field([], max_length=len(ExperienceLevel))
    location: Annotated[str, StringConstraints(strip_whitespace=True, max_length=100)] = ""
    company: list[Id] = Field([], max_length=50)
    salary_min: Money | None = None
    salary_max: Money | None = None
    currency: Currency | None = None
    remote: bool | None = None

    @model_validator(mode="after")
    def _range(self) -> Self:
        if self.salary_min is not None and self.salary_max is not None and self.salary_min > self.salary_max:
            raise ValueError("salary_min is above salary_max: no job would ever match.")
        return self

    def chosen(self) -> dict[str, Any]:
        """What narrows the search, as JSON; what asks for nothing is left out."""
        return {name: value for name, value in self.model_dump(mode="json").items() if value not in (None, "", [])}


class AlertCreate(InModel):
    """A search to be told of: `query` as in the search field, `filters`, or both."""

    query: Typed = ""
    filters: AlertFilters = Field(default_factory=lambda: AlertFilters.model_validate({}))
    frequency: Often = Frequency.DAILY


class AlertPatch(InModel):
    """What is not sent stays; `filters` are replaced as a whole."""

    query: Typed | None = None
    filters: AlertFilters | None = None
    frequency: Often | None = None


class AlertOut(OutModel):
    """A saved search. With `frequency` OFF it is kept and rests."""

    id: int
    query: str
    filters: dict[str, Any]
    frequency: Frequency
    created_at: datetime
    updated_at: datetime


class UnsubscribeQuery(InModel):
    token: Annotated[str, StringConstraints(max_length=256)] = ""
