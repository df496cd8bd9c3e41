"""Who is told what about a change: its mail and its notification, both left in the transaction of the change."""

from datetime import timedelta
from typing import Any

from app.applications.models import Application, ApplicationEvent, ApplicationStatus, Interview, InterviewStatus
from app.choices.labels import LABELS
from app.core.clock import now
from app.core.outbox import enqueue
from app.jobs.schemas import JobCard
from app.mail.letters import market_time
from app.notifications.models import Level, NotificationType
from app.notifications.service import News, tell

REMIND_BEFORE = timedelta(hours=1)

_LEVELS = {
    ApplicationStatus.OFFER_EXTENDED: Level.SUCCESS,
    ApplicationStatus.ACCEPTED: Level.SUCCESS,
    ApplicationStatus.REJECTED: Level.WARNING,
    ApplicationStatus.WITHDRAWN: Level.WARNING,
}


def status_names(status: ApplicationStatus) -> tuple[str, str]:
    """English and Vietnamese, as everywhere else."""
    return LABELS["application_status"][status]


def application_received(application: Application) -> None:
    """To the recruiter."""
    enqueue("mail.application_received", {"application_id": application.id})
    message = f"{application.candidate.full_name} ứng tuyển vào vị trí {_title(application)}."
    _tell(application, application.company.owner_id, NotificationType.APPLICATION_RECEIVED, "Hồ sơ ứng tuyển mới", message)


def status_changed(application: Application, event: ApplicationEvent) -> None:
    """To the side that did not do it: only a withdrawal is the candidate's doing."""
    enqueue("mail.application_status", {"event_id": event.id})
    status = ApplicationStatus(event.to_status)
    withdrawn = status == ApplicationStatus.WITHDRAWN
    reader = application.company.owner_id if withdrawn else application.candidate_id
    message = f"{_title(application)} – {application.candidate.full_name if withdrawn else application.company.name}"
    title = f"Trạng thái hồ sơ: {status_names(status)[1]}"
    _tell(application, reader, NotificationType.APPLICATION_STATUS_CHANGED, title, message, level=_LEVELS.get(status, Level.INFO), status=status)


def interview_changed(interview: Interview) -> None:
    """To the candidate: the event for the calendar now, and a reminder when its hour comes, unless that has passed or one was sent."""
    version = {"interview_id": interview.id, "sequence": interview.sequence}
    enqueue("mail.interview_invitation", version)
    cancelled = interview.status == InterviewStatus.CANCELLED
    title = "Lịch phỏng vấn đã huỷ" if cancelled else "Lịch phỏng vấn mới" if interview.sequence == 0 else "Lịch phỏng vấn thay đổi"
    _tell_about(interview, NotificationType.INTERVIEW_SCHEDULED, title, level=Level.WARNING if cancelled else Level.INFO)
    delay = interview.interview_date - REMIND_BEFORE - now()
    if not cancelled and delay > timedelta() and interview.reminded_at is None:
        enqueue("mail.interview_reminder", version, delay=delay)


def interview_is_near(interview: Interview) -> None:
    """To the candidate, beside the reminder's mail."""
    _tell_about(interview, NotificationType.INTERVIEW_REMINDER, "Sắp đến giờ phỏng vấn")


def _tell_about(interview: Interview, kind: NotificationType, title: str, *, level: Level = Level.INFO) -> None:
    application = interview.application
    message = f"{_title(application)} – {application.company.name}: {market_time(interview.interview_date)}"
    _tell(application, application.candidate_id, kind, title, message, level=level, interview_id=interview.id)


def _tell(
    application: Application, user_id: int, kind: NotificationType, title: str, message: str, *, level: Level = Level.INFO, **data: Any
) -> None:
    facts = {"application_id": application.id, "job_id": application.job_id, **data}
    tell(News(user_id=user_id, type=kind, title=title, message=message, link=f"/applications/{application.id}", level=level, data=facts))


def _title(application: Application) -> str:
    return JobCard.of(application.job).title
