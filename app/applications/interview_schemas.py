"""What the interview routes take and give."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, ConfigDict, Field

from app.accounts.schemas import UserCard
from app.applications.models import Interview, InterviewStatus
from app.core.pagination import ListQuery
from app.core.schemas import Id, InModel, OptionalLine, OptionalUrl, OutModel, Text, Whole, without_defaults
from app.jobs.schemas import JobCard

Minutes = Annotated[Whole, Field(ge=15, le=480)]


class InterviewQuery(ListQuery):
    """Which interviews to list."""

    application: Id | None = None
    status: InterviewStatus | None = None


class InterviewCreate(InModel):
    """`interview_date` carries its offset and lies ahead; `meeting_link` is http or https; the candidate reads `note`.

    An interview begins as SCHEDULED.
    """

    application: Id
    interview_date: AwareDatetime
    duration_minutes: Minutes = 60
    location: OptionalLine = ""
    meeting_link: OptionalUrl = None
    interviewer: OptionalLine = ""
    note: Text = ""
    status: Literal[InterviewStatus.SCHEDULED] = InterviewStatus.SCHEDULED


class InterviewPatch(InModel):
    """What changes; a change of anything but `status` is mailed as an update of the invitation."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    interview_date: AwareDatetime | None = None
    duration_minutes: Minutes | None = None
    location: OptionalLine | None = None
    meeting_link: OptionalUrl = None
    interviewer: OptionalLine | None = None
    note: Text | None = None
    status: InterviewStatus | None = None


class InterviewSchedule(OutModel):
    """An interview inside its application."""

    id: int
    interview_date: datetime
    duration_minutes: int
    location: str
    meeting_link: str | None
    interviewer: str
    note: str
    status: InterviewStatus
    created_at: datetime
    updated_at: datetime


class InterviewOut(InterviewSchedule):
    """An interview by itself, with who meets about which job."""

    application: int
    candidate: UserCard
    job: JobCard

    @classmethod
    def of(cls, interview: Interview) -> "InterviewOut":
        """The public view of an interview's row."""
        application = interview.application
        schedule = InterviewSchedule.model_validate(interview)
        return cls(
            **schedule.model_dump(),
            application=application.id,
            candidate=UserCard.model_validate(application.candidate),
            job=JobCard.of(application.job),
        )
