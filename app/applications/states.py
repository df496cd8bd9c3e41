"""The life of an application and of an interview, as pure functions.

A recruiter moves an application forward, skipping at will, or rejects it; its candidate withdraws it; what is final stays. Every other
move, to the present status too, is illegal.
"""

from app.applications.errors import IllegalTransition, InterviewClosed
from app.applications.models import ApplicationStatus, InterviewStatus
from app.core.auth import Role

FINAL = frozenset({ApplicationStatus.ACCEPTED, ApplicationStatus.REJECTED, ApplicationStatus.WITHDRAWN})

_FORWARD = (
    ApplicationStatus.PENDING,
    ApplicationStatus.REVIEWING,
    ApplicationStatus.INTERVIEW_SCHEDULED,
    ApplicationStatus.OFFER_EXTENDED,
    ApplicationStatus.ACCEPTED,
)

_INTERVIEW_MOVES = {
    InterviewStatus.SCHEDULED: frozenset({InterviewStatus.COMPLETED, InterviewStatus.CANCELLED}),
    InterviewStatus.CANCELLED: frozenset({InterviewStatus.SCHEDULED}),
    InterviewStatus.COMPLETED: frozenset[InterviewStatus](),
}


def moves_from(present: ApplicationStatus, role: Role) -> frozenset[ApplicationStatus]:
    """The statuses to which someone of `role` may move an application that is `present`."""
    if present in FINAL:
        return frozenset()
    if role == Role.RECRUITER:
        return frozenset({*_FORWARD[_FORWARD.index(present) + 1 :], ApplicationStatus.REJECTED})
    if role == Role.CANDIDATE:
        return frozenset({ApplicationStatus.WITHDRAWN})
    return frozenset()


def check_move(present: ApplicationStatus, target: ApplicationStatus, role: Role) -> None:
    """Raises IllegalTransition."""
    if target not in moves_from(present, role):
        raise IllegalTransition(f"An application that is {present.value} cannot become {target.value}.")


def check_interview_move(present: InterviewStatus, target: InterviewStatus) -> None:
    """A cancelled interview may be scheduled again; one that took place is over. Raises InterviewClosed."""
    if target not in _INTERVIEW_MOVES[present]:
        raise InterviewClosed(f"An interview that is {present.value} cannot become {target.value}.")
