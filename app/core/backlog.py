"""How long the pdf queue is, and so when a task of it will be done: estimates, made of few rows of the database.

What waits is counted by kind in an index, up to `MOST_COUNTED` rows; how long each kind takes is the mean of its last `SAMPLE` tasks, from
claim to commit, those that found nothing to do included, or what its feature has declared; they are shared out among `PDF_CONCURRENCY`
workers. One machine with as many workers is assumed: with more machines, the API's setting is the sum.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from flask import current_app
from sqlalchemy import func, literal, select, text, tuple_
from sqlalchemy.sql.elements import ColumnElement

from app.core.outbox import PDF_DONE, PDF_WAITING, Task, TaskState
from app.extensions import db

PREFIX = "pdf."
MOST_COUNTED = 2000
SAMPLE = 50

# Of a kind that has never been done here.
UNKNOWN_SECONDS = 1.0

_TURNS: dict[str, float] = {}


@dataclass(frozen=True)
class Outlook:
    """What a waiting task may expect: its place in the queue, from 1, and the seconds until it is done."""

    position: int
    seconds: int


def declare_turn(name: str, seconds: float) -> None:
    """Say how long others wait for a task that works in slices; its own times tell of its last slice alone, which just ends it."""
    _TURNS[name] = seconds


def waiting_seconds() -> float:
    """How long a pdf task that came now would wait for its turn."""
    return _wait(_waiting(db.true()), _running())


def outlook(task: Task) -> Outlook | None:
    """What a task may expect, or None unless it waits in the pdf queue and is due."""
    if not task.name.startswith(PREFIX) or task.state not in (TaskState.PENDING, TaskState.SENT):
        return None
    ahead = _waiting(tuple_(Task.run_after, Task.id) < tuple_(literal(task.run_after), literal(task.id)))
    seconds = _wait(ahead, _running()) + _mean_seconds({task.name: 1})[task.name]
    return Outlook(ahead.total() + 1, max(1, ceil(seconds)))


def _wait(waiting: Counter[str], running: Counter[str]) -> float:
    """Seconds until a worker is free. What runs is half done on average."""
    workers: int = current_app.config["PDF_CONCURRENCY"]
    if waiting.total() + running.total() < workers:
        return 0.0
    takes = _mean_seconds(waiting | running)
    work = sum(takes[name] * (waiting[name] + running[name] / 2) for name in takes)
    return work / workers


def _waiting(condition: ColumnElement[bool]) -> Counter[str]:
    """How many tasks of each kind are due, the next `MOST_COUNTED` of those that meet the condition; their messages are sent in this order."""
    due = select(Task.name).where(text(PDF_WAITING), condition, Task.run_after <= func.clock_timestamp())
    next_ones = due.order_by(Task.run_after, Task.id).limit(MOST_COUNTED).subquery()
    rows = db.session.execute(select(next_ones.c.name, func.count()).group_by(next_ones.c.name))
    return Counter(dict(rows.all()))


def _running() -> Counter[str]:
    running = select(Task.name, func.count()).where(text("state = 'RUNNING'"), Task.name.startswith(PREFIX)).group_by(Task.name)
    return Counter(dict(db.session.execute(running).all()))


def _mean_seconds(names: Mapping[str, int]) -> dict[str, float]:
    """How long tasks of each of these kinds took lately."""
    if not names:
        return {}
    row = db.session.execute(select(*(_recent_mean(name) for name in names))).one()
    measured = {name: UNKNOWN_SECONDS if seconds is None else float(seconds) for name, seconds in zip(names, row, strict=True)}
    return {name: _TURNS.get(name, seconds) for name, seconds in measured.items()}


def _recent_mean(name: str) -> ColumnElement[float | None]:
    done = select(Task.finished_at, Task.claimed_at).where(text(PDF_DONE), Task.name == name)
    last = done.order_by(Task.finished_at.desc()).limit(SAMPLE).subquery()
    return select(func.avg(func.extract("epoch", last.c.finished_at - last.c.claimed_at))).scalar_subquery()
