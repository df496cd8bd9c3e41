"""Interviews: setting, moving and cancelling them, and what the candidate's calendar is told.

The application's row is locked first, always: it guards its interview too. Each change that a calendar shows raises `sequence`, and a
mail or reminder that was queued for an older sequence has nothing left to say.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select

from app.accounts.models import User
from app.applications.announcements import interview_changed
from app.applications.errors import ApplicationNotFound, IllegalTransition, InterviewClosed, InterviewExists, InterviewNotFound, UnknownApplication
from app.applications.history import change_status
from app.applications.models import Application, ApplicationStatus, Interview, InterviewStatus
from app.applications.states import FINAL, check_interview_move
from app.applications.visibility import get_interview, interviews_of, lock_application
from app.core.clock import now
from app.core.problems import Invalid
from app.extensions import db

# Beyond it lies a typing error, and soon the end of what a calendar can count.
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
_TEXTS = frozenset({"location", "interviewer", "note"})
_NULLABLE = frozenset({"meeting_link"})


def list_interviews(actor: User, *, application_id: int | None = None, status: InterviewStatus | None = None) -> Select[Interview]:
    """The interviews that `actor` may see, filtered."""
    query = interviews_of(actor)
    if status is not None:
        query = query.where(Interview.status == status)
    return query.where(Interview.application_id == application_id) if application_id is not None else query


def schedule(recruiter: User, application_id: int, values: Mapping[str, Any]) -> Interview:
    """Invite the candidate; the application becomes INTERVIEW_SCHEDULED. A cancelled interview is set anew in its place.

    Raises UnknownApplication, InterviewExists, IllegalTransition, Invalid.
    """
    try:
        application = lock_application(recruiter, application_id)
    except ApplicationNotFound as error:
        raise UnknownApplication from error
    _check_date(values["interview_date"])
    interview = application.interview
    if interview is not None and interview.status != InterviewStatus.CANCELLED:
        raise InterviewExists
    if application.status != ApplicationStatus.INTERVIEW_SCHEDULED:
        change_status(application, ApplicationStatus.INTERVIEW_SCHEDULED, actor=recruiter)
    if interview is None:
        interview = Interview(application=application)
        db.session.add(interview)
    else:
        interview.status, interview.sequence, interview.reminded_at = InterviewStatus.SCHEDULED, interview.sequence + 1, None
    _set(interview, values)
    db.session.flush()
    interview_changed(interview)
    return get_interview(recruiter, interview.id)


def change(recruiter: User, interview_id: int, changes: Mapping[str, Any]) -> Interview:
    """Move, edit, cancel, complete or set anew. Raises InterviewNotFound, InterviewClosed, IllegalTransition, Invalid."""
    interview = _lock(recruiter, interview_id)
    before = InterviewStatus(interview.status)
    after = changes.get("status", before)
    if after is None:
        raise Invalid({"status": "This field cannot be null."})
    if after != before:
        check_interview_move(before, after)
    details = {name: value for name, value in changes.items() if name != "status"}
    if after != InterviewStatus.SCHEDULED and set(details) - {"note"}:
        raise InterviewClosed
    moved = _set(interview, details)
    interview.status = after
    if after == InterviewStatus.SCHEDULED:
        _reschedule(interview, moved=moved, revived=before != after)
    elif after == InterviewStatus.CANCELLED and before != after:
        _cancel(interview)
    db.session.flush()
    return get_interview(recruiter, interview.id)


def cancel(recruiter: User, interview_id: int) -> None:
    """Call the interview off; it stays readable as CANCELLED. Raises InterviewNotFound, InterviewClosed."""
    interview = _lock(recruiter, interview_id)
    check_interview_move(InterviewStatus(interview.status), InterviewStatus.CANCELLED)
    _cancel(interview)


def call_off(application: Application) -> None:
    """An application that ended without an agreement needs no interview any more: cancel one that lies ahead."""
    interview = application.interview
    if interview is not None and interview.status == InterviewStatus.SCHEDULED and interview.interview_date > now():
        _cancel(interview)


def _lock(recruiter: User, interview_id: int) -> Interview:
    """The interview as rivals have left it, its application locked. Raises InterviewNotFound."""
    application = lock_application(recruiter, get_interview(recruiter, interview_id).application_id)
    if application.interview is None:
        raise InterviewNotFound
    return application.interview


def _set(interview: Interview, values: Mapping[str, Any]) -> set[str]:
    """Set the given details and return the names of those that changed. Raises Invalid."""
    changed = set()
    for name, value in values.items():
        filled = "" if value is None and name in _TEXTS else value
        if filled is None and name not in _NULLABLE:
            raise Invalid({name: "This field cannot be null."})
        if getattr(interview, name) != filled:
            setattr(interview, name, filled)
            changed.add(name)
    return changed


def _reschedule(interview: Interview, *, moved: set[str], revived: bool) -> None:
    """Tell the candidate about what changed, if anything did and it lies ahead. Raises Invalid, IllegalTransition."""
    if not (moved or revived):
        return
    if interview.application.status in FINAL:
        raise IllegalTransition("The application is closed: there is nothing left to meet about.")
    if revived or "interview_date" in moved:
        _check_date(interview.interview_date)
        interview.reminded_at = None
    # Corrections after the fact are for the record; no calendar needs to hear of them.
    if interview.interview_date > now():
        interview.sequence += 1
        interview_changed(interview)


def _cancel(interview: Interview) -> None:
    interview.status = InterviewStatus.CANCELLED
    interview.sequence += 1
    interview_changed(interview)


def _check_date(moment: datetime) -> None:
    """Raises Invalid unless it lies ahead."""
    if moment <= now():
        raise Invalid({"interview_date": "The interview must lie in the future."})
    if moment >= LATEST:
        raise Invalid({"interview_date": "This is too far in the future."})
