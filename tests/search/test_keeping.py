"""Changes reach the index by the search queue; operators compare and rebuild."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from apiflask import APIFlask
from sqlalchemy import delete, select, update

from app.core.outbox import Task, TaskState
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.jobs.models import Job, JobStatus
from app.search import choice, indexing, service
from app.search.drift import Drift, find_drift
from app.search.models import SearchDocument
from tasks import base
from tasks.search import index_jobs
from tests.factories import JobFactory
from tests.search.board import index, listed, post


@pytest.fixture
def board(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Iterator[APIFlask]:
    """An application whose tasks run on the database of the test."""
    monkeypatch.setattr(base, "flask_app", committed_app)
    with committed_app.app_context():
        yield committed_app


def run_tasks() -> list[TaskState]:
    """Run the waiting search tasks as their worker would, each message twice; how they ended."""
    ids = db.session.scalars(select(Task.id).where(Task.state == TaskState.PENDING).order_by(Task.id)).all()
    db.session.rollback()
    for task_id in (*ids, *ids):
        index_jobs(task_id)
    db.session.rollback()
    return list(db.session.scalars(select(Task.state).where(Task.id.in_(ids))))


def test_a_change_is_searchable_once_its_task_has_run(board: APIFlask) -> None:
    with unit_of_work():
        job = JobFactory(title="Thợ hàn")
        indexing.job_changed(job.id)
    client = board.test_client()

    before = listed(client, q="hàn")
    ended = run_tasks()
    after = listed(client, q="hàn")

    assert (before, ended, after) == ([], [TaskState.DONE], ["Thợ hàn"])


def test_the_task_of_a_purged_job_leaves_a_tombstone(board: APIFlask) -> None:
    with unit_of_work():
        job = JobFactory(title="Thợ hàn")
        index(job)
    with unit_of_work():
        indexing.job_changed(job.id)
        db.session.execute(delete(Job).where(Job.id == job.id))

    assert run_tasks() == [TaskState.DONE]
    assert db.session.scalars(select(SearchDocument.is_deleted)).all() == [True]


def test_two_workers_that_take_the_same_jobs_at_once_leave_the_newest_copies(board: APIFlask) -> None:
    with unit_of_work():
        ids = [JobFactory(title="Thợ hàn").id for _ in range(20)]

    def work(job_ids: list[int]) -> None:
        with board.app_context():
            for job_id in job_ids:
                with unit_of_work():
                    db.session.execute(update(Job).where(Job.id == job_id).values(version=Job.version + 1, title=f"Thợ mộc {job_id}"))
                with unit_of_work():
                    service.reindex(job_ids)

    with ThreadPoolExecutor(2) as workers:
        done = [workers.submit(work, order) for order in (ids, ids[::-1])]
        for one in done:
            one.result(timeout=60)

    assert find_drift(choice.POSTGRES) == Drift()
    assert db.session.scalars(select(SearchDocument.version).distinct()).all() == [3]


def test_a_true_index_shows_no_drift(app: APIFlask) -> None:
    post("Thợ hàn")
    JobFactory(status=JobStatus.DRAFT)

    assert find_drift(choice.POSTGRES) == Drift()


def make_drift() -> Drift:
    """One job of each kind of difference, among others that are true."""
    missing = JobFactory()
    outdated, closed, gone, closed_and_true = (post("Thợ hàn") for _ in range(4))
    outdated.version = 2
    closed.status, closed.version = JobStatus.CLOSED, 2
    closed_and_true.status, closed_and_true.version = JobStatus.CLOSED, 2
    index(closed_and_true)
    db.session.execute(delete(Job).where(Job.id == gone.id))
    db.session.commit()
    return Drift([missing.id], [outdated.id], [closed.id, gone.id])


@pytest.mark.parametrize("batch", [1, 2, 3, 1000])
def test_drift_is_found_whatever_the_batch(app: APIFlask, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr("app.search.drift.BATCH", batch)

    expected = make_drift()

    assert find_drift(choice.POSTGRES) == expected


def test_the_check_reports_drift_and_mends_it_when_told(app: APIFlask) -> None:
    expected = make_drift()
    runner = app.test_cli_runner()

    reported = runner.invoke(args=["search", "check"])
    repaired = runner.invoke(args=["search", "check", "--repair"])
    again = runner.invoke(args=["search", "check"])

    assert reported.exit_code == 1
    assert reported.output.splitlines()[:4] == [
        "postgresql",
        f"missing          1  {expected.missing[0]}",
        f"outdated         1  {expected.outdated[0]}",
        f"extra            2  {expected.extra[0]}, {expected.extra[1]}",
    ]
    assert repaired.exit_code == 0
    assert repaired.output.splitlines()[-1] == "4 copies were written anew."
    assert again.exit_code == 0
    assert find_drift(choice.POSTGRES) == Drift()


def test_a_copy_that_is_ahead_of_its_job_is_mended(app: APIFlask) -> None:
    job = post("Thợ hàn")
    db.session.execute(update(SearchDocument).values(version=9, title="Hỏng"))
    db.session.commit()

    repaired = app.test_cli_runner().invoke(args=["search", "check", "--repair"])

    assert (repaired.exit_code, find_drift(choice.POSTGRES)) == (0, Drift())
    assert db.session.execute(select(SearchDocument.version, SearchDocument.title)).one() == (job.version, "Thợ hàn")


def test_a_rebuild_makes_every_copy_true(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    client = board.test_client()
    monkeypatch.setattr(service, "BATCH", 2)
    make_drift()
    kept = post("Giáo viên")
    db.session.execute(update(SearchDocument).where(SearchDocument.job_id == kept.id).values(words=None))
    db.session.commit()
    lost = listed(client, path="/api/v1/jobs/search/", q="giáo viên")

    rebuilt = board.test_cli_runner().invoke(args=["search", "rebuild"])

    assert rebuilt.exit_code == 0
    assert "postgresql: rebuilt; 1 copies" in rebuilt.output
    assert (lost, listed(client, q="giáo viên")) == ([], ["Giáo viên"])
    assert find_drift(choice.POSTGRES) == Drift()
