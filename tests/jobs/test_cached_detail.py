"""The cached public view: what a hit costs, its entity tag, what is kept about ids that are not public, and the counters."""

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from app.accounts.models import User
from app.core import cache_epoch
from app.core.unit_of_work import unit_of_work
from app.extensions import db, job_cache
from app.jobs import cache, counters
from app.jobs.counters import ViewCounter
from app.jobs.models import JobCounters, JobStatus
from tests.factories import CompanyFactory, JobFactory

SignIn = Callable[[User], FlaskClient]


@pytest.fixture(autouse=True)
def long_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine must not let the epoch's lease run out between two requests."""
    monkeypatch.setattr(cache_epoch, "LEASE", 60.0)


@pytest.fixture
def cache_commands(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands that are sent to the cache from now on."""
    sent: list[str] = []
    pooled, own = job_cache()._redis, job_cache()._own_connection
    execute, get = pooled.execute_command, own.get
    monkeypatch.setattr(pooled, "execute_command", lambda *args, **options: sent.append(args[0]) or execute(*args, **options))
    monkeypatch.setattr(own, "get", lambda key: sent.append("GET") or get(key))
    return sent


@pytest.fixture
def views(app: APIFlask) -> ViewCounter:
    """The counter of this process, empty."""
    counter: ViewCounter = app.extensions["job_views"]
    counter._unwritten.clear()
    counter._unseen.clear()
    return counter


def test_a_hit_is_one_get_and_no_query(client: FlaskClient, count_queries: Callable[[], Any], cache_commands: list[str]) -> None:
    job = JobFactory()
    by_slug = f"/api/v1/jobs/{job.slug}/"
    first = client.get(f"/api/v1/jobs/{job.id}/")
    cache_commands.clear()

    with count_queries() as statements:
        hit = client.get(by_slug)

    assert (hit.status_code, hit.data) == (200, first.data)
    assert statements == []
    assert cache_commands == ["GET"]


def test_the_entity_tag_is_strong_and_names_exactly_the_served_bytes(client: FlaskClient) -> None:
    job = JobFactory()

    answers = [client.get(f"/api/v1/jobs/{job.id}/") for _ in range(2)]

    for answer in answers:
        assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.data).hexdigest()[:32]}"'
        assert answer.headers["Cache-Control"] == "no-cache"
        assert answer.content_type == "application/json"


@pytest.mark.parametrize(
    ("condition", "status"),
    [("{etag}", 304), ("W/{etag}", 304), ('"other", {etag}', 304), ("*", 304), ('"other"', 200), ("garbage", 200), ("", 200)],
)
def test_a_client_that_has_the_bytes_gets_none(client: FlaskClient, condition: str, status: int) -> None:
    job = JobFactory()
    full = client.get(f"/api/v1/jobs/{job.id}/")

    answer = client.get(f"/api/v1/jobs/{job.id}/", headers={"If-None-Match": condition.format(etag=full.headers["ETag"])})

    assert answer.status_code == status
    assert answer.data == (b"" if status == 304 else full.data)
    assert (answer.headers["ETag"], answer.headers["Cache-Control"]) == (full.headers["ETag"], "no-cache")


def test_an_id_that_is_not_public_is_remembered_briefly_and_corrected_at_once(
    client: FlaskClient, sign_in: SignIn, count_queries: Callable[[], Any]
) -> None:
    job = JobFactory(status=JobStatus.DRAFT)
    address = f"/api/v1/jobs/{job.id}/"
    client.get(address)

    with count_queries() as statements:
        again = client.get(address)
    milliseconds = job_cache()._redis.pttl(f"cache:job:{job.id}")
    sign_in(job.company.owner).post(f"{address}publish/")
    published = client.get(address)

    assert (again.status_code, statements) == (404, [])
    assert 0 < milliseconds <= 15_000
    assert (published.status_code, published.json["status"]) == (200, "OPEN")


def test_a_new_job_is_seen_under_an_id_that_was_asked_for_before(client: FlaskClient, sign_in: SignIn) -> None:
    company = CompanyFactory()
    following = JobFactory().id + 1
    assert client.get(f"/api/v1/jobs/{following}/").status_code == 404
    body = {"title": "Kế toán", "description": "Sổ sách.", "location": "Huế", "job_type": "FULL_TIME", "company": company.id, "status": "OPEN"}

    made = sign_in(company.owner).post("/api/v1/jobs/", json=body)

    assert made.json["id"] == following
    assert client.get(f"/api/v1/jobs/{following}/").status_code == 200


def test_the_ttl_is_the_configured_one_within_a_tenth(client: FlaskClient) -> None:
    job = JobFactory()
    client.get(f"/api/v1/jobs/{job.id}/")

    milliseconds = job_cache()._redis.pttl(f"cache:job:{job.id}")

    assert 809_000 <= milliseconds <= 900_000


def test_the_public_answer_is_the_same_for_everybody(client: FlaskClient, sign_in: SignIn) -> None:
    job = JobFactory()

    answers = [caller.get(f"/api/v1/jobs/{job.id}/").data for caller in (sign_in(job.company.owner), client)]

    assert answers[0] == answers[1]


def test_the_cache_that_is_away_changes_no_answer(client: FlaskClient, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_epoch, "LEASE", 0.05)
    job = JobFactory()
    owner = sign_in(job.company.owner)

    def refuse(*args: object, **options: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(job_cache()._redis, "execute_command", refuse)
    monkeypatch.setattr(job_cache()._own_connection, "get", refuse)
    monkeypatch.setattr(job_cache()._redis, "pipeline", refuse)
    monkeypatch.setattr(job_cache(), "_closed_until", 0.0)

    read = client.get(f"/api/v1/jobs/{job.id}/")
    changed = owner.patch(f"/api/v1/jobs/{job.id}/", json={"title": "Mới"})
    after = client.get(f"/api/v1/jobs/{job.id}/", headers={"If-None-Match": read.headers["ETag"]})

    monkeypatch.setattr(job_cache(), "_closed_until", 0.0)
    assert (read.status_code, changed.status_code) == (200, 200)
    assert (after.status_code, after.json["title"]) == (200, "Mới")


def test_views_are_counted_in_the_process_and_written_together(client: FlaskClient, views: ViewCounter) -> None:
    read, other, unread = JobFactory.create_batch(3)
    address = f"/api/v1/jobs/{read.id}/"
    etag = client.get(address).headers["ETag"]
    client.get(address, headers={"If-None-Match": etag})
    client.head(address)
    client.get(f"/api/v1/jobs/{other.id}/")

    before = client.get(address).json["views_count"]
    views.flush()
    after = client.get(address).json["views_count"]
    views.flush()

    assert (before, after) == (0, 3)
    assert client.get(address).json["views_count"] == 4
    assert db.session.get(JobCounters, other.id).views == 1
    assert db.session.get(JobCounters, unread.id) is None


def test_views_that_cannot_be_written_are_kept(views: ViewCounter, monkeypatch: pytest.MonkeyPatch) -> None:
    job = JobFactory()
    db.session.commit()
    views.note(job.id)

    def away(counted: object) -> None:
        raise OperationalError("", {}, ConnectionError())

    with monkeypatch.context() as patched, pytest.raises(OperationalError):
        patched.setattr(counters, "add_views", away)
        views.flush()
    views.note(job.id)
    views.flush()

    assert db.session.get(JobCounters, job.id).views == 2


def test_views_of_a_purged_job_are_passed_over(views: ViewCounter) -> None:
    job = JobFactory()
    gone = job.id + 1
    for job_id in (gone, job.id):
        views.note(job_id)

    views.flush()

    assert [(row.job_id, row.views) for row in db.session.query(JobCounters)] == [(job.id, 1)]


def test_a_cache_that_missed_a_flush_is_told_by_the_next(client: FlaskClient, views: ViewCounter, monkeypatch: pytest.MonkeyPatch) -> None:
    job = JobFactory()
    client.get(f"/api/v1/jobs/{job.id}/")

    with monkeypatch.context() as patched:
        patched.setattr(cache, "forget_counters", lambda job_ids: False)
        views.flush()
    stale = client.get(f"/api/v1/jobs/{job.id}/").json["views_count"]
    views._unwritten.clear()
    views.flush()

    assert stale == 0
    assert client.get(f"/api/v1/jobs/{job.id}/").json["views_count"] == 1


def test_an_application_is_counted_and_shown(client: FlaskClient) -> None:
    job = JobFactory()
    address = f"/api/v1/jobs/{job.id}/"
    before = client.get(address).json["applications_count"]

    for _ in range(2):
        with unit_of_work():
            counters.count_application(job.id)

    assert (before, client.get(address).json["applications_count"]) == (0, 2)
