"""The pdf queue from the committed request to the stored file: how much it adds to a render, and two worker children beside one."""

import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

import redis
from sqlalchemy import func, select

from app.accounts.models import User
from app.core.auth import Role
from app.core.outbox import Task, TaskState
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.resumes import pdf
from app.resumes.models import Resume
from app.resumes.pdf_state import printed
from bench.payment_system import fresh_system, process, wait_until
from bench.resume_pdf_presses import presses, render, variants
from config import Settings

RELAY = ("flask", "--app", "wsgi", "outbox", "relay")
_numbers = count(1)


@contextmanager
def board() -> Iterator[Settings]:
    """An empty board with a relay."""
    with fresh_system() as (_, settings):
        broker: redis.Redis[bytes] = redis.Redis.from_url(settings.redis_url)
        broker.flushdb()
        with process("relay", *RELAY):
            yield settings


@contextmanager
def worker(children: int) -> Iterator[int]:
    """The process id of a pdf worker that has printed twice with each child."""
    command = ("celery", "-A", "celery_worker", "worker", "-Q", "pdf", "-c", str(children), "--without-mingle", "--without-gossip")
    with process(f"pdf-{children}", *command) as pid:
        finish(request(2 * children), seconds=90)
        yield pid


def request(number: int) -> list[int]:
    """Ask for that many PDFs, each of a new résumé, in one commit; the tasks."""
    with unit_of_work():
        owner = User(email=f"bench{next(_numbers)}@example.com", password_hash="!", full_name="x", user_type=Role.CANDIDATE, is_active=True)
        db.session.add(owner)
        db.session.flush()
        names = set(printed(Resume(title="x")))
        rows = [Resume(user_id=owner.id, **{key: value for key, value in content.items() if key in names}) for content in variants(number)]
        db.session.add_all(rows)
        db.session.flush()
        return [pdf.request_pdf(owner.id, row.id, before_render=lambda: None) or 0 for row in rows]


def finish(tasks: list[int], *, seconds: float, pause: float = 0.05) -> float:
    """When all of them were done, by the monotonic clock; looking every `pause` seconds, since looking takes a processor too."""

    def is_done() -> bool:
        db.session.rollback()
        done = select(func.count()).where(Task.id.in_(tasks), Task.state == TaskState.DONE)
        return db.session.scalar(done) == len(tasks)

    return wait_until(is_done, seconds=seconds, pause=pause)


def overhead(times: int = 15) -> tuple[float, float]:
    """Median seconds from the committed request to the stored file on an idle queue, and of the same render by a press alone."""
    with board(), worker(1):
        whole = []
        for _ in range(times):
            tasks = request(1)
            start = time.monotonic()
            whole.append(finish(tasks, seconds=60, pause=0.003) - start)
            time.sleep(0.2)
    alone = []
    with presses(1) as (_, [press]):
        for resume in variants(times):
            start = time.monotonic()
            render(press, resume)
            alone.append(time.monotonic() - start)
            time.sleep(0.2)
    return statistics.median(whole), statistics.median(alone)


def throughput(children: int, number: int = 60) -> float:
    """PDFs a second by a worker with so many children, from the commit of all requests to the last stored file."""
    with board(), worker(children):
        tasks = request(number)
        start = time.monotonic()
        return number / (finish(tasks, seconds=120) - start)
