"""`flask outbox relay` and `flask tasks ...`: running the relay, and what operators do with tasks."""

import json
import threading

import click
from flask import current_app
from flask.cli import AppGroup
from sqlalchemy import Executable, Select, func, select, update

from app.core.broker import make_celery, queue_of
from app.core.forwarding import Forwarder
from app.core.outbox import Task, TaskState
from app.core.relay import Relay
from app.core.unit_of_work import unit_of_work
from app.extensions import db

outbox = AppGroup("outbox", help="Publishing committed tasks to the broker.")
tasks = AppGroup("tasks", help="Slow work: list, show, retry, discard. (A posting is a job.)")


@outbox.command("relay")
def relay() -> None:
    """Publish tasks, and wake-ups for event streams, as they commit, until stopped. Any number of copies may run."""
    settings = current_app.extensions["settings"]
    celery = make_celery(settings)

    def publish(name: str, task_id: int) -> None:
        celery.send_task(name, args=[task_id], queue=queue_of(name), retry=False)

    relaying = Relay(publish, settings.database_url)
    threading.Thread(target=Forwarder(settings.database_url, settings.redis_url, relaying.stopping).run, daemon=True).start()
    relaying.run()


@tasks.command("list")
@click.option("--state", type=click.Choice([state.value for state in TaskState], case_sensitive=False), help="Only this state.")
@click.option("--name", help="Only this task name, such as pdf.render.")
@click.option("--limit", default=50, show_default=True)
def list_tasks(state: str | None, name: str | None, limit: int) -> None:
    """The newest tasks, and a count per state."""
    counts = db.session.execute(select(Task.state, func.count()).group_by(Task.state)).all()
    click.echo("  ".join(f"{found}: {number}" for found, number in sorted(counts)) or "no tasks")
    for task in db.session.scalars(_matching(state, name).order_by(Task.id.desc()).limit(limit)):
        click.echo(
            f"{task.id:>10}  {task.state:<9}  {task.name:<28}  attempts {task.attempts}  {task.created_at:%Y-%m-%d %H:%M:%S}  {task.error or ''}"
        )


@tasks.command("show")
@click.argument("task_id", type=int)
def show(task_id: int) -> None:
    """Everything about one task, as JSON."""
    task = _get(task_id)
    values = {column.name: getattr(task, column.name) for column in Task.__table__.columns}
    click.echo(json.dumps(values, default=str, indent=2, ensure_ascii=False))


@tasks.command("retry")
@click.argument("task_id", type=int, required=False)
@click.option("--all-dead", is_flag=True, help="Every dead task.")
@click.option("--name", help="With --all-dead: only this task name.")
def retry(task_id: int | None, all_dead: bool, name: str | None) -> None:
    """Give dead or discarded tasks a fresh set of attempts."""
    if (task_id is None) == (not all_dead):
        raise click.UsageError("Name one task, or say --all-dead.")
    chosen = Task.state == TaskState.DEAD if all_dead else Task.id == task_id
    ended = Task.state.in_([TaskState.DEAD, TaskState.DISCARDED])
    fresh = {"state": TaskState.PENDING, "attempts": 0, "run_after": func.clock_timestamp(), "finished_at": None, "error": None}
    statement = update(Task).where(chosen, ended, *([Task.name == name] if name else [])).values(fresh)
    _report("will run again", statement.returning(Task.id))


@tasks.command("discard")
@click.argument("task_id", type=int)
def discard(task_id: int) -> None:
    """Give up on a task that is waiting or dead; one that runs finishes first."""
    waiting = Task.state.in_([TaskState.PENDING, TaskState.SENT, TaskState.DEAD])
    gone = {"state": TaskState.DISCARDED, "finished_at": func.clock_timestamp(), "dedupe_key": None}
    _report("discarded", update(Task).where(Task.id == task_id, waiting).values(gone).returning(Task.id))


def _report(done: str, statement: Executable) -> None:
    with unit_of_work():
        changed = db.session.execute(statement).all()
    if not changed:
        raise click.ClickException("No task is in a state in which this can be done.")
    click.echo(f"{len(changed)} task(s) {done}.")


def _matching(state: str | None, name: str | None) -> Select[Task]:
    query = select(Task)
    if state:
        query = query.where(Task.state == state.upper())
    return query.where(Task.name == name) if name else query


def _get(task_id: int) -> Task:
    task = db.session.get(Task, task_id)
    if task is None:
        raise click.ClickException("There is no such task.")
    return task
