"""The life of a posting as pure functions: which moves are legal, and where they lead."""

from enum import StrEnum

from app.jobs.errors import IllegalMove, JobDeleted
from app.jobs.models import JobStatus


class Move(StrEnum):
    PUBLISH = "publish"
    CLOSE = "close"
    DELETE = "delete"
    RESTORE = "restore"


_LEADS_TO = {
    (JobStatus.DRAFT, Move.PUBLISH): JobStatus.OPEN,
    (JobStatus.CLOSED, Move.PUBLISH): JobStatus.OPEN,
    (JobStatus.OPEN, Move.CLOSE): JobStatus.CLOSED,
}
_MOVE_TO = {JobStatus.OPEN: Move.PUBLISH, JobStatus.CLOSED: Move.CLOSE}


def after(status: JobStatus, move: Move, *, is_deleted: bool) -> JobStatus:
    """The status that `move` leads to; deleting and restoring leave it. Raises IllegalMove, JobDeleted."""
    if is_deleted != (move == Move.RESTORE):
        raise JobDeleted if is_deleted else IllegalMove("The job has not been deleted.")
    if move in {Move.DELETE, Move.RESTORE}:
        return status
    following = _LEADS_TO.get((status, move))
    if following is None:
        raise IllegalMove(f"A job that is {status} cannot be {'published' if move == Move.PUBLISH else 'closed'}.")
    return following


def move_to(status: JobStatus, wanted: JobStatus) -> Move | None:
    """The move by which a status is reached, None when it is the present one. Raises IllegalMove: nothing becomes a draft again."""
    if wanted == status:
        return None
    if wanted not in _MOVE_TO:
        raise IllegalMove(f"A job that is {status} cannot become {wanted} again.")
    return _MOVE_TO[wanted]
