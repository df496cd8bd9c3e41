"""A rebuild makes a new index beside the one that is read; nobody notices."""

import os
import threading
from collections.abc import Iterator

import pytest
from apiflask import APIFlask
from sqlalchemy import delete, select, update

from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.jobs.models import Job
from app.search import choice, rebuilding, service
from app.search.breaker import CircuitBreaker
from app.search.drift import Drift, find_drift
from app.search.elastic import bulk, indices, mapping, rebuild
from app.search.elastic.client import client
from app.search.engine import EngineAway, EngineQuery
from app.search.query import parse
from tests.factories import CompanyFactory, JobFactory
from tests.needs import ELASTICSEARCH_URL, needs_elasticsearch

pytestmark = needs_elasticsearch


@pytest.fixture
def board(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Iterator[APIFlask]:
    """An application with real commits, ten jobs, and small batches."""
    committed_app.config.update(ELASTICSEARCH_URL=ELASTICSEARCH_URL, ELASTICSEARCH_INDEX=f"rebuild-{os.getpid()}", ELASTICSEARCH_TIMEOUT_MS=10_000)
    committed_app.extensions["elasticsearch_breaker"] = CircuitBreaker(first_pause=0, longest_pause=0)
    monkeypatch.setattr(rebuild, "BATCH", 2)
    monkeypatch.setattr(rebuild, "_NOTED_EVERY", 1)
    monkeypatch.setattr(rebuild, "_PAUSES", (0,))
    with committed_app.app_context():
        with unit_of_work():
            company = CompanyFactory()
            for number in range(10):
                JobFactory(title=f"Thợ hàn {number}", company=company)
        yield committed_app
        indices.drop(list(client().indices.get(index=f"rebuild-{os.getpid()}-*")))


def ignore(number: int) -> None:
    """No progress bar."""


def found(text: str = "hàn") -> int:
    return choice.ELASTIC.search(EngineQuery(text=parse(text))).total


def job_ids() -> list[int]:
    ids = list(db.session.scalars(select(Job.id).order_by(Job.id)))
    db.session.rollback()
    return ids


def test_prepare_makes_and_fills_an_index_once(board: APIFlask) -> None:
    first = rebuilding.prepare(ignore)
    live = indices.live()
    again = rebuilding.prepare(ignore)

    assert (first, again) == (True, False)
    assert indices.live() == live
    assert (found(), find_drift(choice.ELASTIC)) == (10, Drift())


def test_a_rebuild_swaps_and_the_index_before_last_is_dropped(board: APIFlask) -> None:
    names = []
    for _ in range(3):
        rebuilding.rebuild_index(choice.ELASTIC, ignore)
        names.append(indices.live())

    there = sorted(client().indices.get(index=f"{indices.family()}-*"))

    assert len(set(names)) == 3
    assert there == names[1:]
    assert indices.targets() == names[2:]
    assert found() == 10


def test_a_rebuild_that_was_cut_off_goes_on_where_it_was(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    rebuilding.prepare(ignore)
    before = indices.live()
    write, written = bulk.write, []

    def dying(entries, indexes):  # type: ignore[no-untyped-def]
        if len(written) >= 6:
            raise EngineAway("killed")
        written.extend(entry.job_id for entry in entries)
        return write(entries, indexes)

    with monkeypatch.context() as cut:
        cut.setattr(bulk, "write", dying)
        with pytest.raises(EngineAway):
            rebuilding.rebuild_index(choice.ELASTIC, ignore)
    during = (indices.live(), found())
    counted: list[int] = []
    rebuilding.rebuild_index(choice.ELASTIC, counted.append)

    assert during == (before, 10)
    # Batches of two; the last note of progress may be one batch behind.
    assert sum(counted) in (4, 6)
    assert indices.live() != before
    assert (found(), find_drift(choice.ELASTIC)) == (10, Drift())


def test_changes_during_a_rebuild_are_in_the_new_index(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    rebuilding.prepare(ignore)
    write, changes = bulk.write, iter(job_ids()[:4])

    def racing(entries, indexes):  # type: ignore[no-untyped-def]
        outcome = write(entries, indexes)
        job_id = next(changes, None)
        if job_id is not None and len(indexes) == 1:
            with unit_of_work():
                db.session.execute(update(Job).where(Job.id == job_id).values(title="Phi hành gia", version=Job.version + 1))
            write_now = service.reindex([job_id], choice.ELASTIC)
            assert write_now == 1
        return outcome

    monkeypatch.setattr(bulk, "write", racing)
    rebuilding.rebuild_index(choice.ELASTIC, ignore)
    client().indices.refresh(index=indices.family())

    assert found("phi hành gia") > 0
    assert found() + found("phi hành gia") == 10
    assert find_drift(choice.ELASTIC) == Drift()


def test_jobs_that_are_gone_are_not_in_the_new_index(board: APIFlask) -> None:
    rebuilding.prepare(ignore)
    with unit_of_work():
        db.session.execute(delete(Job).where(Job.id == job_ids()[0]))

    drift = find_drift(choice.ELASTIC)
    rebuilding.rebuild_index(choice.ELASTIC, ignore)

    assert len(drift.extra) == 1
    assert (found(), find_drift(choice.ELASTIC)) == (9, Drift())


def test_what_was_changed_by_hand_is_mended(board: APIFlask) -> None:
    rebuilding.prepare(ignore)
    runner = board.test_cli_runner()
    gone, spoilt = map(str, job_ids()[:2])
    client().delete(index=indices.family(), id=gone)
    client().index(index=indices.family(), id=spoilt, document={"job_id": int(spoilt), "version": 0, "is_deleted": False, "title": "hỏng"})
    ghost = {"job_id": 999_999, "version": 5, "is_deleted": False}
    client().index(index=indices.family(), id="999999", document=ghost, refresh=True)

    damaged = find_drift(choice.ELASTIC)
    repaired = runner.invoke(args=["search", "check", "--repair", "--engine", "elasticsearch"])

    assert damaged == Drift([int(gone)], [int(spoilt)], [999_999])
    assert repaired.exit_code == 0
    assert "It is made anew." in repaired.output
    assert (found(), find_drift(choice.ELASTIC)) == (10, Drift())


def test_an_index_that_is_only_behind_is_not_made_anew(board: APIFlask) -> None:
    rebuilding.prepare(ignore)
    live = indices.live()
    with unit_of_work():
        db.session.execute(update(Job).values(title="Phi hành gia", version=Job.version + 1))

    repaired = board.test_cli_runner().invoke(args=["search", "check", "--repair", "--engine", "elasticsearch"])

    assert repaired.exit_code == 0
    assert "10 copies were written anew." in repaired.output
    assert (indices.live(), found("phi hành gia")) == (live, 10)


def test_two_rebuilds_do_not_run_at_once(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    started, go_on, failures = threading.Event(), threading.Event(), []
    fill = rebuild.fill

    def slow(progress: rebuilding.Progress) -> str:
        started.set()
        assert go_on.wait(30)
        return fill(progress)

    monkeypatch.setattr(rebuild, "fill", slow)

    def first() -> None:
        with board.app_context():
            rebuilding.rebuild_index(choice.ELASTIC, ignore)

    thread = threading.Thread(target=first)
    thread.start()
    assert started.wait(30)
    try:
        rebuilding.rebuild_index(choice.ELASTIC, ignore)
    except rebuilding.RebuildRuns as error:
        failures.append(str(error))
    go_on.set()
    thread.join()

    assert failures == ["Another rebuild is under way."]
    assert found() == 10


def test_after_a_change_of_the_mapping_there_is_no_index_until_a_rebuild(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    rebuilding.prepare(ignore)
    monkeypatch.setitem(mapping.SETTINGS, "refresh_interval", "2s")

    answered = board.test_client().get("/api/v1/jobs/search/?q=hàn").json["engine"]
    made = rebuilding.prepare(ignore)
    afterwards = board.test_client().get("/api/v1/jobs/search/?q=hàn").json

    assert (answered, made) == ("postgresql", True)
    assert (afterwards["engine"], afterwards["count"]) == ("elasticsearch", 10)


def test_the_commands_say_what_they_did(board: APIFlask) -> None:
    runner = board.test_cli_runner()

    prepared = runner.invoke(args=["search", "prepare"])
    checked = runner.invoke(args=["search", "check", "--engine", "elasticsearch"])
    both = runner.invoke(args=["search", "check", "--repair"])
    rebuilt = runner.invoke(args=["search", "rebuild", "--engine", "elasticsearch"])

    assert [run.exit_code for run in (prepared, checked, both, rebuilt)] == [0, 0, 0, 0]
    assert "The index was made." in prepared.output
    assert checked.output.splitlines() == ["elasticsearch", "missing          0", "outdated         0", "extra            0"]
    assert "elasticsearch: rebuilt; 0 copies" in rebuilt.output
