"""Changes reach Elasticsearch many at a time, wait while it is away, and what it will never take stops nothing else."""

import os
from collections.abc import Iterator
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select, update

from app.core.outbox import Task, TaskState
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.jobs.models import Job, JobStatus
from app.search import choice, documents, indexing
from app.search.breaker import CircuitBreaker
from app.search.documents import Document, Tombstone
from app.search.drift import Drift, find_drift
from app.search.elastic import bulk, contents, indices
from app.search.elastic.client import client
from app.search.engine import Stored
from tasks import base
from tasks.search import index_elastic
from tests.factories import JobFactory
from tests.needs import ELASTICSEARCH_URL, needs_elasticsearch

pytestmark = needs_elasticsearch


@pytest.fixture
def board(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Iterator[APIFlask]:
    """An application with real commits, an empty index, and tasks that run on both."""
    committed_app.config.update(ELASTICSEARCH_URL=ELASTICSEARCH_URL, ELASTICSEARCH_INDEX=f"indexing-{os.getpid()}")
    committed_app.extensions["elasticsearch_breaker"] = CircuitBreaker(first_pause=0, longest_pause=0)
    monkeypatch.setattr(base, "flask_app", committed_app)
    with committed_app.app_context():
        indices.prepare()
        yield committed_app
        indices.drop(indices.targets())


def changed(*titles: str) -> list[int]:
    """Open jobs of these titles, committed together with word of them."""
    with unit_of_work():
        ids = [JobFactory(title=title).id for title in titles]
        indexing.jobs_changed(ids)
    return ids


def run_elastic() -> list[tuple[TaskState, int]]:
    """Deliver one message of the waiting tasks; the state and the attempts of each afterwards."""
    with unit_of_work():
        db.session.execute(update(Task).where(Task.state == TaskState.PENDING).values(run_after=Task.created_at))
    ids = db.session.scalars(select(Task.id).where(Task.name == "search.index_elastic").order_by(Task.id)).all()
    db.session.rollback()
    index_elastic(next(task_id for task_id in ids))
    db.session.rollback()
    rows = db.session.execute(select(Task.state, Task.attempts).where(Task.id.in_(ids)).order_by(Task.id)).all()
    return [(state, attempts) for state, attempts in rows]


def _seconds_to_wait() -> list[float]:
    waiting = select(func.extract("epoch", Task.run_after - func.clock_timestamp()))
    found = db.session.scalars(waiting.where(Task.name == "search.index_elastic", Task.state == TaskState.PENDING)).all()
    db.session.rollback()
    return [float(seconds) for seconds in found]


def held() -> list[Stored]:
    return choice.ELASTIC.stored(after=0, limit=100)


def test_each_engine_has_a_task_of_its_own_for_a_change(board: APIFlask) -> None:
    (job_id,) = changed("Thợ hàn")

    tasks = db.session.execute(select(Task.name, Task.dedupe_key).order_by(Task.name)).all()

    assert [tuple(row) for row in tasks] == [
        ("search.index_elastic", f"search.index_elastic:{job_id}"),
        ("search.index_job", f"search.index_job:{job_id}"),
    ]


def test_one_message_brings_all_waiting_changes_in_one_request(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    requests: list[int] = []
    write = bulk.write

    def counted(entries: Any, indexes: Any) -> Any:
        requests.append(len(entries))
        return write(entries, indexes)

    monkeypatch.setattr(bulk, "write", counted)
    ids = changed("Thợ hàn", "Thợ mộc", "Thợ sơn")

    ended = run_elastic()

    assert ended == [(TaskState.DONE, 1)] * 3
    assert requests == [3]
    assert held() == [Stored(job_id, 1, False) for job_id in ids]
    assert find_drift(choice.ELASTIC) == Drift()


def test_tasks_wait_as_long_as_the_node_is_away_and_count_no_attempts(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = changed("Thợ hàn", "Thợ mộc")

    with monkeypatch.context() as away:
        away.setitem(board.config, "ELASTICSEARCH_URL", "http://127.0.0.1:9")
        during = [run_elastic() for _ in range(10)]
    after = run_elastic()

    assert during == [[(TaskState.PENDING, 0)] * 2] * 10
    assert after == [(TaskState.DONE, 1)] * 2
    assert [copy.job_id for copy in held()] == ids


def test_a_closed_index_is_no_fault_of_the_documents(board: APIFlask) -> None:
    changed("Thợ hàn", "Thợ mộc")

    patient = client().options(request_timeout=60)
    patient.indices.close(index=indices.family())
    during, told = run_elastic(), board.test_client().get("/api/health/ready/").json["backends"]["search"]
    patient.indices.open(index=indices.family(), wait_for_active_shards="all")
    after = run_elastic()

    assert during == [(TaskState.PENDING, 0)] * 2
    assert (told["status"], "PostgreSQL" in told["detail"]) == ("away", True)
    assert after == [(TaskState.DONE, 1)] * 2
    assert find_drift(choice.ELASTIC) == Drift()


def test_one_batch_comes_again_as_soon_as_the_node_may_be_asked(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    changed("Thợ hàn")

    with monkeypatch.context() as away:
        away.setitem(board.config, "ELASTICSEARCH_URL", "http://127.0.0.1:9")
        away.setitem(board.extensions, "elasticsearch_breaker", CircuitBreaker(first_pause=600, longest_pause=600))
        run_elastic()

    assert 300 < _seconds_to_wait()[0] <= 600


def test_what_is_refused_for_good_is_dead_with_its_reason_and_its_neighbours_go_on(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    good, bad, other = changed("Thợ hàn", "Thợ mộc", "Thợ sơn")
    source = contents.source

    def unmapped(entry: Any) -> dict[str, Any]:
        return source(entry) | ({"unknown": 1} if entry.job_id == bad else {})

    monkeypatch.setattr(bulk, "source", unmapped)

    ended = run_elastic()

    assert [state for state, _ in ended] == [TaskState.DONE, TaskState.DEAD, TaskState.DONE]
    assert [copy.job_id for copy in held()] == [good, other]
    error = db.session.scalar(select(Task.error).where(Task.state == TaskState.DEAD))
    assert error is not None and error.startswith("strict_dynamic_mapping_exception")


def test_a_single_task_that_is_refused_is_dead(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    changed("Thợ hàn")
    monkeypatch.setattr(bulk, "source", lambda entry: {"unknown": 1})

    assert run_elastic() == [(TaskState.DEAD, 1)]


def test_a_full_node_puts_the_tasks_off(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    changed("Thợ hàn", "Thợ mộc")
    write = bulk.write

    def half(entries: Any, indexes: Any) -> Any:
        outcome = write(entries[:1], indexes)
        outcome.postponed[entries[1].job_id] = "429"
        return outcome

    with monkeypatch.context() as full:
        full.setattr(bulk, "write", half)
        during = run_elastic()

    assert during == [(TaskState.PENDING, 0)] * 2
    assert run_elastic() == [(TaskState.DONE, 1)] * 2
    assert find_drift(choice.ELASTIC) == Drift()


def test_a_request_that_is_refused_as_a_whole_is_halved_until_the_culprit_stands_alone(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = changed("Thợ hàn", "Thợ mộc", "Thợ sơn", "Thợ nề", "Thợ điện")
    source = contents.source
    # The node refuses a request that is longer than a hundred megabytes whatever is in it.
    monkeypatch.setattr(bulk, "_MOST_BYTES", 300 * 1024 * 1024)
    monkeypatch.setattr(bulk, "source", lambda entry: source(entry) | ({"body": "a " * 60_000_000} if entry.job_id == ids[2] else {}))

    ended = run_elastic()

    assert [state for state, _ in ended] == [TaskState.DONE, TaskState.DONE, TaskState.DEAD, TaskState.DONE, TaskState.DONE]
    assert [copy.job_id for copy in held()] == [*ids[:2], *ids[3:]]


def test_many_bytes_are_sent_in_several_requests(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = changed("Thợ hàn", "Thợ mộc", "Thợ sơn")
    requests: list[int] = []
    send = bulk._send

    def counted(lines: Any, indexes: Any, outcome: Any) -> None:
        requests.append(len(lines))
        send(lines, indexes, outcome)

    monkeypatch.setattr(bulk, "_send", counted)
    monkeypatch.setattr(bulk, "_MOST_BYTES", 1)

    assert run_elastic() == [(TaskState.DONE, 1)] * 3
    assert requests == [1, 1, 1]
    assert [copy.job_id for copy in held()] == ids


@pytest.mark.parametrize("status", [403, 404, 429, 503])
def test_what_is_not_the_documents_fault_puts_the_tasks_off(board: APIFlask, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    changed("Thợ hàn", "Thợ mộc")
    judge = bulk._judge

    with monkeypatch.context() as troubled:
        troubled.setattr(bulk, "_judge", lambda item, outcome: judge(item | {"status": status}, outcome))
        during = run_elastic()

    assert during == [(TaskState.PENDING, 0)] * 2
    assert run_elastic() == [(TaskState.DONE, 1)] * 2


def test_while_the_breaker_is_open_nothing_is_asked_and_all_are_due_once_the_node_is_back(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    changed("Thợ hàn", "Thợ mộc")
    monkeypatch.setitem(board.extensions, "elasticsearch_breaker", CircuitBreaker(first_pause=3600, longest_pause=3600))
    choice.breaker().failed()

    during = run_elastic()
    waits = [seconds > 30 for seconds in _seconds_to_wait()]
    monkeypatch.setitem(board.extensions, "elasticsearch_breaker", CircuitBreaker(first_pause=0, longest_pause=0))
    choice.breaker().failed()
    changed("Thợ sơn")
    newest = db.session.scalar(select(func.max(Task.id)).where(Task.name == "search.index_elastic"))
    db.session.rollback()
    index_elastic(newest)

    assert during == [(TaskState.PENDING, 0)] * 2
    assert waits == [True, True]
    assert [seconds <= 0 for seconds in _seconds_to_wait()] == [True, True]


def test_tasks_of_an_engine_that_is_no_longer_used_are_done(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    changed("Thợ hàn", "Thợ mộc")

    with monkeypatch.context() as unset:
        unset.setitem(board.config, "ELASTICSEARCH_URL", "")
        ended = run_elastic()

    assert ended == [(TaskState.DONE, 1)] * 2
    assert held() == []


def test_a_dead_task_that_is_retried_brings_the_change(board: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = changed("Thợ hàn")
    with monkeypatch.context() as broken:
        broken.setattr(bulk, "source", lambda entry: {"unknown": 1})
        dead = run_elastic()

    retried = board.test_cli_runner().invoke(args=["tasks", "retry", "--all-dead", "--name", "search.index_elastic"])

    assert (dead, retried.exit_code) == ([(TaskState.DEAD, 1)], 0)
    assert run_elastic() == [(TaskState.DONE, 1)]
    assert [copy.job_id for copy in held()] == ids


def test_no_late_update_undoes_a_newer_one_or_a_deletion(board: APIFlask) -> None:
    (job_id,) = changed("Thợ hàn")
    (entry,) = documents.read([job_id])
    assert isinstance(entry, Document)
    late = Document(entry.job_id, 3, entry.title, entry.company, entry.place, entry.body, entry.facts)

    written = [choice.ELASTIC.store([one]) for one in (Tombstone(job_id, 4), late, Tombstone(job_id, documents.FINAL_VERSION), Tombstone(job_id, 9))]

    assert written == [1, 0, 1, 0]
    assert held() == [Stored(job_id, documents.FINAL_VERSION, True)]


def test_a_closed_job_is_never_shown_however_stale_the_index(board: APIFlask) -> None:
    (job_id,) = changed("Thợ hàn")
    run_elastic()
    client().indices.refresh(index=indices.family())
    with unit_of_work():
        db.session.execute(update(Job).where(Job.id == job_id).values(status=JobStatus.CLOSED))

    found = board.test_client().get("/api/v1/jobs/search/?q=hàn").json

    assert (found["results"], found["engine"]) == ([], "elasticsearch")
