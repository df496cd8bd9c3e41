"""A press of a real worker, killed in the middle of a render: its neighbour prints on, its worker lives, and its own PDF is made by the next."""

import os
import signal

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


def test_a_killed_press_is_replaced_and_nobody_else_notices(system: System) -> None:  # noqa: F811
    worker = system.pid("pdf")
    eventually(lambda: len(processes(worker)[1]) == 2, seconds=60, what="a press for each child")
    children, presses = processes(worker)
    # Stopped, it is sure to be in the middle of a render when it is killed.
    victim = presses[0].pid
    os.kill(victim, signal.SIGSTOP)
    with unit_of_work():
        owner = CandidateFactory()
        resumes = [ResumeFactory(user_id=owner.id, title=f"CV {number}", experience=JOBS) for number in range(6)]
        db.session.flush()
        for resume in resumes:
            pdf.request_pdf(owner.id, resume.id, before_render=lambda: None)

    eventually(lambda: count(TaskState.DONE) >= 2, seconds=30, what="PDFs of the neighbour")
    os.kill(victim, signal.SIGKILL)

    eventually(lambda: count(TaskState.DONE) == 6, seconds=90, what="six PDFs")
    attempts = db.session.scalars(select(Task.attempts).where(Task.name == pdf.TASK)).all()
    children_then, presses_then = processes(worker)
    assert sorted(attempts) == [1, 1, 1, 1, 1, 2]
    assert children_then == children
    assert len(presses_then) == 2
    assert presses[1].pid in {press.pid for press in presses_then}
