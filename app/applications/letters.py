"""The letters about applications and interviews. Each is None when what it was queued for is no longer so."""

from typing import Any

from sqlalchemy import select, update

from app.accounts.models import User
from app.applications import announcements, calendar
from app.applications.history import find_event
from app.applications.models import Application, ApplicationStatus, Interview, InterviewStatus
from app.core import leases
from app.core.clock import now
from app.extensions import db
from app.jobs.schemas import JobCard
from app.mail.account_letters import person
from app.mail.letters import CalendarPart, Letter, link, write
from app.notifications.models import NotificationType
from app.notifications.preferences import Channel, wants


def received(application_id: int) -> Letter | None:
    """To the recruiter: somebody has applied."""
    application = db.session.get(Application, application_id)
    return _to_recruiter("application_received", application, NotificationType.APPLICATION_RECEIVED) if application else None


def status_changed(event_id: int) -> Letter | None:
    """About one change in the history: a withdrawal to the recruiter, everything else to the candidate."""
    event = find_event(event_id)
    if event is None:
        return None
    kind = NotificationType.APPLICATION_STATUS_CHANGED
    if event.to_status == ApplicationStatus.WITHDRAWN:
        return _to_recruiter("application_withdrawn", event.application, kind)
    english, vietnamese = announcements.status_names(ApplicationStatus(event.to_status))
    return _to_candidate("application_status", event.application, kind, status_vi=vietnamese, status_en=english)


def invitation(interview_id: int, sequence: int) -> Letter | None:
    """To the candidate: the interview of this `sequence`, set, moved or cancelled, for the calendar too."""
    interview = _at(interview_id, sequence)
    if interview is None:
        return None
    application = interview.application
    title = f"Phỏng vấn / Interview: {JobCard.of(application.job).title} – {application.company.name}"
    event = calendar.invitation(interview, title=title, organizer=person(application.company.owner), attendee=person(application.candidate))
    template = "interview_cancelled" if interview.status == InterviewStatus.CANCELLED else "interview_invitation"
    kind = NotificationType.INTERVIEW_SCHEDULED
    return _to_candidate(template, application, kind, calendar_part=event, interview=interview, rescheduled=sequence > 0)


def is_reminder_due(interview_id: int, sequence: int) -> bool:
    """Not for an interview that was moved, called off, reminded of or has begun."""
    interview = _at(interview_id, sequence)
    return (
        interview is not None and interview.status == InterviewStatus.SCHEDULED and interview.reminded_at is None and interview.interview_date > now()
    )


def reminder(interview_id: int, sequence: int) -> Letter | None:
    """To the candidate, an hour ahead."""
    interview = _at(interview_id, sequence)
    if interview is None or not is_reminder_due(interview_id, sequence):
        return None
    return _to_candidate("interview_reminder", interview.application, NotificationType.INTERVIEW_REMINDER, interview=interview)


def mark_reminded(interview_id: int, sequence: int) -> None:
    """Record that the reminder went out and notify too; an interview that was moved meanwhile gets another one for its new date."""
    interview = _at(interview_id, sequence)
    if interview is not None:
        announcements.interview_is_near(interview)
        reminded = update(Interview).where(Interview.id == interview.id, Interview.sequence == sequence)
        # The row's `updated_at` is the event's DTSTAMP, which a reminder does not change.
        db.session.execute(reminded.values(reminded_at=now(), updated_at=Interview.updated_at))


@leases.when_dead("mail.interview_reminder")
def _remind_without_mail(args: dict[str, Any], error: str) -> None:
    """The mail cannot be sent: the candidate still hears of it in the application, and that was the reminder."""
    version = (args["interview_id"], args["sequence"])
    if is_reminder_due(*version):
        mark_reminded(*version)


def _at(interview_id: int, sequence: int) -> Interview | None:
    return db.session.scalar(select(Interview).where(Interview.id == interview_id, Interview.sequence == sequence))


def _to_recruiter(template: str, application: Application, kind: NotificationType) -> Letter | None:
    owner = application.company.owner
    if not _wants_mail(owner, kind):
        return None
    return write(template, person(owner), {**_about(application), "candidate_name": application.candidate.full_name})


def _to_candidate(
    template: str, application: Application, kind: NotificationType, *, calendar_part: CalendarPart | None = None, **values: object
) -> Letter | None:
    """Answers go to the recruiter, not to the sending machine."""
    if not _wants_mail(application.candidate, kind):
        return None
    reply_to = person(application.company.owner)
    return write(template, person(application.candidate), {**_about(application), **values}, reply_to=reply_to, calendar=calendar_part)


def _wants_mail(person_told: User, kind: NotificationType) -> bool:
    return person_told.is_active and bool(wants([person_told.id], kind, Channel.MAIL))


def _about(application: Application) -> dict[str, str]:
    return {
        "job_title": JobCard.of(application.job).title,
        "company_name": application.company.name,
        "address": link(f"/applications/{application.id}"),
    }
