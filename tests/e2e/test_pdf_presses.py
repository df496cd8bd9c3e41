"""A press of a real worker, killed in the middle of a render: its neighbour prints on, its worker lives, and its own PDF is made by the next."""

import os
import signal
from datetime import timedelta

import psutil
import pytest
from sqlalchemy import func, select

from app.core.outbox import Task, TaskState
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.resumes import pdf
from tests.e2e.system import System, eventually
from tests.e2e.test_pdf_workers_killed import JOBS, app, system  # noqa: F401  Its fixtures.
from tests.factories import CandidateFactory, ResumeFactory

pytestmark = pytest.mark.serial


def processes(worker: int) -> tuple[set[int], list[psutil.Process]]:
    """The worker's children, and the presses of its foreman."""
    children = psutil.Process(worker).children()
    foremen = [child for child in children if any("press.foreman" in word for word in child.cmdline()) and child.children() != []]
    return {child.pid for child in children}, [press for foreman in foremen for press in foreman.children()]


def count(state: TaskState) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Task).where(Task.name == pdf.TASK, Task.state == state)) or 0


def count_held() -> int:
    """The renders that were claimed long enough ago to have reached their press."""
    db.session.rollback()
    held = (Task.name == pdf.TASK, Task.state == TaskState.RUNNING, Task.claimed_at < func.clock_timestamp() - timedelta(seconds=2))
    return db.session.scalar(select(func.count()).select_from(Task).where(*held)) or 0


def ask_for_pdfs(number: int) -> None:
    with unit_of_work():
        owner = CandidateFactory()
        resumes = [ResumeFactory(user_id=owner.id, title=f"CV {place}", experience=JOBS) for place in range(number)]
        db.session.flush()
        for resume in resumes:
            pdf.request_pdf(owner.id, resume.id, before_render=lambda: None)


def test_a_killed_press_is_replaced_and_nobody_else_notices(system: System) -> None:  # noqa: F811
    worker = system.pid("pdf")
    eventually(lambda: len(processes(worker)[1]) == 2, seconds=60, what="a press for each child")
    children, presses = processes(worker)
    # Stopped, it is sure to be in the middle of a render when it is killed.
    victim = presses[0].pid
    os.kill(victim, signal.SIGSTOP)
    ask_for_pdfs(6)

    eventually(lambda: count(TaskState.DONE) == 5 and count_held() == 1, seconds=30, what="five PDFs of the neighbour, and one in hand")
    os.kill(victim, signal.SIGKILL)

    eventually(lambda: count(TaskState.DONE) == 6, seconds=90, what="six PDFs")
    attempts = db.session.scalars(select(Task.attempts).where(Task.name == pdf.TASK)).all()
    ask_for_pdfs(12)
    eventually(lambda: count(TaskState.DONE) == 18 and len(processes(worker)[1]) == 2, seconds=90, what="a press for each child, and all PDFs")
    children_then, presses_then = processes(worker)
    assert sorted(attempts) == [1, 1, 1, 1, 1, 2]
    assert children_then == children
    assert presses[1].pid in {press.pid for press in presses_then}
