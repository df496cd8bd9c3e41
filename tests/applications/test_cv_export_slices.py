"""An export is made in slices: it goes on after a worker's death, lets single PDFs pass, and keeps no more than a file in the memory."""

import os
import tracemalloc
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.applications.cv_exports import slices
from app.applications.cv_exports.models import CvExport, CvExportPart
from app.core import leases, storage
from app.core.outbox import Task, TaskState, enqueue
from app.core.storage import StoredFile
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.resumes.models import Resume
from tasks import maintenance
from tasks import pdf as pdf_queue
from tasks.exports import export_cvs
from tests.applications.export_desk import Desk, contents, notes
from tests.factories import ResumeFactory


class Killed(BaseException):
    """Stands for SIGKILL: nothing that the worker would still do is done."""


@pytest.fixture
def one_file_a_slice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE_SECONDS", 0)


def parts() -> list[tuple[int, int, int]]:
    """Number, file and lines of every part that is committed."""
    rows = db.session.scalars(select(CvExportPart).order_by(CvExportPart.number))
    return [(row.number, row.file_id, len(row.lines)) for row in rows]


def kill_during(desk: Desk, task_id: int, name: str) -> None:
    """Run a slice that dies while somebody's résumé is printed; the lease runs out and the sweeper brings the task back."""

    def die() -> None:
        raise Killed

    desk.on_print[name] = die
    with pytest.raises(Killed):
        export_cvs(task_id)
    db.session.rollback()
    del desk.on_print[name]
    with unit_of_work():
        db.session.execute(update(Task).where(Task.id == task_id).values(lease_until=func.clock_timestamp()))
    with unit_of_work():
        leases.sweep()


@pytest.mark.usefixtures("one_file_a_slice")
def test_each_slice_adds_a_part_and_shows_its_progress(desk: Desk) -> None:
    for name in ("An", "Bình", "Chi"):
        desk.apply(name, cv=name.encode())
    task_id = desk.ask().json["task_id"]
    progress = []
    for _ in range(4):
        export_cvs(task_id)
        shown = desk.task(task_id)
        progress.append((shown["status"], shown["progress"]))

    assert progress == [("RUNNING", 33), ("RUNNING", 66), ("RUNNING", 99), ("DONE", 100)]
    assert [lines for _, _, lines in parts()] == [1, 1, 1, 0]
    assert list(contents(desk.archive(task_id))) == ["0001 An.pdf", "0002 Bình.pdf", "0003 Chi.pdf"]


def test_a_slice_holds_as_many_files_as_its_time_allows_up_to_a_number(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE_SECONDS", 60)
    monkeypatch.setattr(slices, "SLICE_FILES", 3)
    for number in range(7):
        desk.apply(f"Người {number}", cv=b"%PDF")
    task_id = desk.ask().json["task_id"]

    worked = desk.work(task_id)

    assert worked == 4
    assert [lines for _, _, lines in parts()] == [3, 3, 1, 0]
    assert len(contents(desk.archive(task_id))) == 7


def test_a_killed_worker_costs_the_slice_in_hand_and_its_prints_are_used_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slices, "SLICE_SECONDS", 60)
    monkeypatch.setattr(slices, "SLICE_FILES", 2)
    for name in ("An", "Bình", "Chi", "Dung"):
        desk.apply(name)
    task_id = desk.ask().json["task_id"]
    export_cvs(task_id)
    before = parts()

    kill_during(desk, task_id, "Dung")
    desk.work(task_id)

    assert parts()[:1] == before
    assert desk.printed == ["An", "Bình", "Chi", "Dung", "Dung"]
    assert list(contents(desk.archive(task_id))) == ["0001 An.pdf", "0002 Bình.pdf", "0003 Chi.pdf", "0004 Dung.pdf"]


def test_what_a_killed_worker_left_in_the_storage_is_swept(desk: Desk) -> None:
    desk.apply("An")
    task_id = desk.ask().json["task_id"]
    key = "cv-exports/" + "a" * 32
    with storage.open_key(key, "wb") as file:
        file.write(b"half a part")
    desk.work(task_id)
    past = _path(desk, key).stat().st_mtime - timedelta(days=2).total_seconds()
    os.utime(_path(desk, key), (past, past))

    maintenance.purge_files()

    assert key not in {found for found, _ in storage.list_keys()}
    assert list(contents(desk.archive(task_id))) == ["0001 An.pdf"]


def _path(desk: Desk, key: str) -> Path:
    return Path(desk.app.config["STORAGE_URL"].removeprefix("file://")) / key


def test_a_resume_that_takes_its_worker_down_each_time_is_left_out_and_the_rest_goes_on(desk: Desk) -> None:
    for name in ("An", "Tai hoạ", "Chi"):
        desk.apply(name)
    task_id = desk.ask().json["task_id"]
    for _ in range(2):
        kill_during(desk, task_id, "Tai hoạ")

    desk.work(task_id)

    archive = desk.archive(task_id)
    assert list(contents(archive)) == ["0001 An.pdf", "0003 Chi.pdf"]
    assert notes(archive)[1] == ("", "The résumé stopped the printing each time.")
    assert desk.printed.count("Tai hoạ") == 2


def test_several_of_them_do_not_use_up_the_attempts_of_the_export(desk: Desk) -> None:
    names = [f"Tai hoạ {number}" for number in range(4)]
    for name in names:
        desk.apply(name)
    task_id = desk.ask().json["task_id"]
    for name in names:
        kill_during(desk, task_id, name)
        kill_during(desk, task_id, name)
        export_cvs(task_id)

    desk.work(task_id)

    assert contents(desk.archive(task_id)) == {}
    assert len(notes(desk.archive(task_id))) == 4


def test_a_worker_that_was_paused_beyond_its_lease_adds_nothing(desk: Desk) -> None:
    def be_overtaken() -> None:
        with unit_of_work():
            db.session.execute(update(Task).where(Task.id == task_id).values(lease_until=func.clock_timestamp()))
        with unit_of_work():
            leases.sweep()
        del desk.on_print["An"]
        export_cvs(task_id)

    desk.apply("An")
    task_id = desk.ask().json["task_id"]
    desk.on_print["An"] = be_overtaken

    export_cvs(task_id)
    desk.work(task_id)

    assert [lines for _, _, lines in parts()] == [1, 0]
    assert list(contents(desk.archive(task_id))) == ["0001 An.pdf"]


def make_due(task_id: int) -> None:
    with unit_of_work():
        db.session.execute(update(Task).where(Task.id == task_id).values(run_after=func.clock_timestamp()))


@pytest.mark.parametrize("failing", ["open_key", "open_file"], ids=["writing", "reading"])
def test_a_storage_that_is_away_is_waited_for_as_long_as_it_takes(desk: Desk, monkeypatch: pytest.MonkeyPatch, failing: str) -> None:
    desk.apply(cv=b"%PDF")
    task_id = desk.ask().json["task_id"]

    def fail(*_: Any, **__: Any) -> None:
        raise OSError("the bucket does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(storage, failing, fail)
        for _ in range(8):
            export_cvs(task_id)
            make_due(task_id)
    waiting = db.session.get_one(Task, task_id, populate_existing=True)
    found = (waiting.state, waiting.attempts, waiting.error)
    desk.work(task_id)

    assert found == (TaskState.PENDING, 0, "The storage is away: the bucket does not answer")
    assert len(contents(desk.archive(task_id))) == 1


def test_a_failed_export_leaves_nothing_behind(desk: Desk) -> None:
    desk.apply(cv=b"%PDF")
    task_id = desk.ask().json["task_id"]
    export_cvs(task_id)
    for _ in range(6):
        with unit_of_work():
            assert leases.claim(task_id, lease=timedelta()) is not None
        with unit_of_work():
            leases.sweep()

    assert (desk.task(task_id)["status"], desk.task(task_id)["error"]) == ("FAILED", "The worker was lost on every attempt.")
    assert db.session.scalar(select(func.count()).select_from(CvExport)) == 0
    assert [key.split("/")[0] for key, _ in storage.list_keys()] == ["cvs"]


def test_a_single_pdf_that_is_asked_for_during_an_export_of_two_hundred_waits_for_one_slice_at_most(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One worker that serves the queue in the order of sending; each of many single PDFs is asked for while a slice is running."""
    monkeypatch.setattr(slices, "SLICE_SECONDS", 60)
    monkeypatch.setattr(slices, "SLICE_FILES", 5)
    for number in range(200):
        desk.apply(f"Người {number}", cv=b"%PDF")
    with unit_of_work():
        mine = [ResumeFactory().id for _ in range(10)]
    task_id = desk.ask().json["task_id"]
    asked_at: dict[int, int] = {}
    waited: list[int] = []
    served = 0

    while (following := _next_due()) is not None:
        if following == task_id:
            served += 1
            if served % 4 == 0 and mine:
                asked_at[_ask_for(mine.pop())] = served
            export_cvs(following)
        else:
            pdf_queue.render(following)
            # The slice that was running when it was asked for is the one that it waited for.
            waited.append(1 + served - asked_at[following])

    assert served == 41
    assert waited == [1] * 10
    assert len(contents(desk.archive(task_id))) == 200


def _ask_for(resume_id: int) -> int:
    with unit_of_work():
        resume = db.session.get_one(Resume, resume_id)
        resume.pdf_task_id = enqueue("pdf.render", {"resume_id": resume_id}, owner_id=resume.user_id)
        return resume.pdf_task_id


def _next_due() -> int | None:
    waiting = select(Task.id).where(Task.state == TaskState.PENDING, Task.name.startswith("pdf."), Task.run_after <= func.clock_timestamp())
    return db.session.scalar(waiting.order_by(Task.run_after, Task.id).limit(1))


def test_the_memory_holds_a_file_and_not_the_archive(desk: Desk) -> None:
    size = 1024 * 1024
    for number in range(40):
        desk.apply(f"Người {number}", cv=os.urandom(size))
    task_id = desk.ask().json["task_id"]

    tracemalloc.start()
    desk.work(task_id)
    path = desk.task(task_id)["result_url"]
    with desk.caller.get(path, buffered=False) as answer:
        received = sum(len(chunk) for chunk in answer.iter_encoded())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    total = db.session.scalar(select(func.sum(StoredFile.size)).where(StoredFile.key.startswith("cv-exports/"))) or 0
    assert received == total > 40 * size
    assert peak < 12 * size
