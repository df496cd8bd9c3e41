"""`/tasks/{id}/`: one shape in which an owner watches any slow work."""

from enum import StrEnum

from apiflask import APIBlueprint

from app.core.auth import current_actor, require
from app.core.contract import returns
from app.core.outbox import Task, TaskState, find_task
from app.core.problems import NotFound
from app.core.schemas import OutModel

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
    """Slow work as its owner sees it; `progress` is 0-100, `error` a sentence once it failed."""

    id: int
    kind: str
    status: TaskStatus
    progress: int
    result_url: str | None
    error: str | None

    @classmethod
    def of(cls, task: Task) -> "TaskOut":
        """The public view of a task's row."""
        status = _STATUS[TaskState(task.state)]
        error = task.error if status == TaskStatus.FAILED else None
        return cls(id=task.id, kind=task.name, status=status, progress=task.progress, result_url=task.result_url, error=error)


@blp.get("/tasks/<int:task_id>/")
@require()
@returns(TaskOut)
def get_task(task_id: int) -> TaskOut:
    """How far a slow piece of work of yours is."""
    task = find_task(task_id, owner_id=current_actor().id)
    if task is None:
        raise NotFound
    return TaskOut.of(task)
