"""A press of a real worker, killed in the middle of a render: its neighbour, its worker and the other PDFs do not notice."""

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


def busy(presses: list[psutil.Process]) -> psutil.Process | None:
    """One that is using a processor now."""
    before = {press.pid: sum(press.cpu_times()[:2]) for press in presses}
    return next((press for press in presses if press.cpu_percent(0.1) > 50 and before[press.pid] > 0), None)


def count(state: TaskState) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(Task).where(Task.name == pdf.TASK, Task.state == state)) or 0


def test_a_killed_press_is_replaced_and_nobody_else_notices(system: System) -> None:  # noqa: F811
    worker = system.pid("pdf")
    eventually(lambda: len(processes(worker)[1]) == 2, seconds=60, what="a press for each child")
    children, presses = processes(worker)
    with unit_of_work():
        owner = CandidateFactory()
        resumes = [ResumeFactory(user_id=owner.id, title=f"CV {number}", experience=JOBS) for number in range(6)]
        db.session.flush()
        for resume in resumes:
            pdf.request_pdf(owner.id, resume.id, before_render=lambda: None)

    victim = eventually(lambda: busy(presses), seconds=60, what="a busy press")
    os.kill(victim.pid, signal.SIGKILL)

    eventually(lambda: count(TaskState.DONE) == 6, seconds=90, what="six PDFs")
    attempts = db.session.scalars(select(Task.attempts).where(Task.name == pdf.TASK)).all()
    children_then, presses_then = processes(worker)
    assert sorted(attempts) == [1, 1, 1, 1, 1, 2]
    assert children_then == children
    assert len(presses_then) == 2
    assert len({press.pid for press in presses_then} & {press.pid for press in presses}) == 1
