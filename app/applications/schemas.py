"""What the application routes take and give."""

from datetime import datetime
from typing import Annotated

from apiflask.fields import UploadFile
from pydantic import ConfigDict, Field, StringConstraints

from app.accounts.models import User
from app.accounts.schemas import UserCard
from app.applications.interview_schemas import InterviewSchedule
from app.applications.models import Application, ApplicationStatus, InterviewStatus
from app.core.auth import Role
from app.core.pagination import ListQuery
from app.core.schemas import Id, InModel, OutModel, Text, is_none, without_defaults
from app.jobs.schemas import JobCard
from app.resumes.models import PdfStatus
from app.search.query import MAX_QUERY_LENGTH


class ApplicationQuery(ListQuery):
    """Which applications to list. `q` looks in the candidate's name and in the résumé that was sent, whatever the accents."""

    q: Annotated[str, StringConstraints(strip_whitespace=True, max_length=MAX_QUERY_LENGTH)] = ""
    status: ApplicationStatus | None = None
    job: Id | None = None


class ApplicationCreate(InModel):
    """`cv_file` comes as multipart; without it and without `resume`, the primary résumé is sent."""

    job: Id
    resume: Id | None = None
    cv_file: UploadFile | None = None
    cover_letter: Text | None = None


class ApplicationPatch(InModel):
    """A candidate sets `cover_letter`, `cv_file` and `resume` (null takes one of the two away); a recruiter `status` and `note`."""

    model_config = ConfigDict(json_schema_extra=without_defaults)

    cover_letter: Text | None = None
    cv_file: UploadFile | None = None
    resume: Id | None = None
    status: ApplicationStatus | None = None
    note: Text | None = None


class ResumeCard(OutModel):
    """The résumé that came with an application."""

    id: int
    title: str
    pdf_status: PdfStatus


class ApplicationOut(OutModel):
    """An application. `cv_file` is where its file is downloaded; `note` is there for the recruiter only."""

    id: int
    job: JobCard
    job_info: JobCard
    job_id: int | None
    candidate: UserCard
    resume: int | None
    resume_info: ResumeCard | None
    cv_file: str | None
    cover_letter: str
    status: ApplicationStatus
    applied_at: datetime
    created_at: datetime
    updated_at: datetime
    interview_date: datetime | None
    interview_schedule: InterviewSchedule | None
    note: Annotated[str | None, Field(exclude_if=is_none)] = None

    @classmethod
    def of(cls, application: Application, viewer: User) -> "ApplicationOut":
        """The application as `viewer` may see it. A cancelled interview is not shown here."""
        card = JobCard.of(application.job)
        interview = application.interview
        if interview is not None and interview.status == InterviewStatus.CANCELLED:
            interview = None
        plain = ("id", "job_id", "cover_letter", "status", "applied_at", "created_at", "updated_at")
        return cls(
            **{name: getattr(application, name) for name in plain},
            job=card,
            job_info=card,
            candidate=UserCard.model_validate(application.candidate),
            resume=application.resume_id,
            resume_info=ResumeCard.model_validate(application.resume) if application.resume else None,
            cv_file=f"/api/v1/media/application/{application.id}/download/" if has_file(application) else None,
            interview_date=interview.interview_date if interview else None,
            interview_schedule=InterviewSchedule.model_validate(interview) if interview else None,
            note=None if viewer.user_type == Role.CANDIDATE else application.note,
        )


def has_file(application: Application) -> bool:
    """Whether there is something to download: the attached CV, or a PDF of the résumé."""
    return application.cv_file_id is not None or (application.resume is not None and application.resume.pdf_file_id is not None)


class EventOut(OutModel):
    """One change of status; the first, from null, is the application itself."""

    id: int
    from_status: ApplicationStatus | None
    to_status: ApplicationStatus
    actor: UserCard | None
    created_at: datetime


class CandidateStats(OutModel):
    """Pending counts PENDING and REVIEWING, offers OFFER_EXTENDED and ACCEPTED."""

    totalApplications: int  # noqa: N815  The name that clients know; so below.
    pendingApplications: int  # noqa: N815
    interviews: int
    offers: int


class RecruiterStats(CandidateStats):
    """The same for all applications to the recruiter's companies, with every status by itself and the interviews still to come."""

    byStatus: dict[ApplicationStatus, int]  # noqa: N815
    upcomingInterviews: int  # noqa: N815
