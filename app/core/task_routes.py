"""`/tasks/{id}/`: one shape in which an owner watches any slow work."""

from enum import StrEnum
from typing import Annotated

from apiflask import APIBlueprint
from pydantic import Field

from app.core import backlog
from app.core.auth import current_actor, require
from app.core.contract import returns
from app.core.leases import told
from app.core.outbox import Task, TaskState, find_task
from app.core.problems import NotFound
from app.core.schemas import OutModel, is_none

blp = APIBlueprint("tasks", __name__, tag="Tasks")


class TaskStatus(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"


_STATUS = {
    TaskState.PENDING: TaskStatus.QUEUED,
    TaskState.SENT: TaskStatus.QUEUED,
    TaskState.RUNNING: TaskStatus.RUNNING,
    TaskState.DONE: TaskStatus.DONE,
    TaskState.DEAD: TaskStatus.FAILED,
    TaskState.DISCARDED: TaskStatus.FAILED,
}


class TaskOut(OutModel):
    """Slow work as its owner sees it; `progress` is 0-100, `error` a sentence once it failed.

    While a PDF waits for its turn, `position` says its place in the queue, from 1, and `estimated_seconds` when it will be done; both are
    estimates, and left out at all other times.
    """

    id: int
    kind: str
    status: TaskStatus
    progress: int
    result_url: str | None
    error: str | None
    position: Annotated[int | None, Field(exclude_if=is_none)] = None
    estimated_seconds: Annotated[int | None, Field(exclude_if=is_none)] = None

    @classmethod
    def of(cls, task: Task) -> "TaskOut":
        """The public view of a task's row."""
        status = _status(task)
        error = told(task.error) if status == TaskStatus.FAILED else None
        out = cls(id=task.id, kind=task.name, status=status, progress=task.progress, result_url=task.result_url, error=error)
        outlook = backlog.outlook(task) if status == TaskStatus.QUEUED else None
        if outlook is not None:
            out.position, out.estimated_seconds = outlook.position, outlook.seconds
        return out


def _status(task: Task) -> TaskStatus:
    """Work that is done in slices is under way between two of them."""
    status = _STATUS[TaskState(task.state)]
    return TaskStatus.RUNNING if status == TaskStatus.QUEUED and task.progress else status


@blp.get("/tasks/<int:task_id>/")
@require()
@returns(TaskOut)
def get_task(task_id: int) -> TaskOut:
    """How far a slow piece of work of yours is."""
    task = find_task(task_id, owner_id=current_actor().id)
    if task is None:
        raise NotFound
    return TaskOut.of(task)
