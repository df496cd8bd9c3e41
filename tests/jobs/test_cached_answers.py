"""The answer in front of Flask is the one that Flask gives."""

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.core import cache_epoch
from app.core.paths import ApiAlias
from app.extensions import db, job_cache
from app.jobs import routes
from app.jobs.cached_answers import CachedAnswers
from app.jobs.counters import ViewCounter
from app.jobs.models import Job
from tests.factories import JobFactory

HOME = "http://127.0.0.1:8000"


@pytest.fixture(autouse=True)
def long_lease(monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow machine must not let the epoch's lease run out between two requests."""
    monkeypatch.setattr(cache_epoch, "LEASE", 60.0)


@pytest.fixture
def in_front(app: APIFlask) -> CachedAnswers:
    """The middleware of the application."""
    alias = app.wsgi_app
    assert isinstance(alias, ApiAlias)
    assert isinstance(alias._app, CachedAnswers)
    return alias._app


@pytest.fixture
def job(client: FlaskClient) -> Job:
    """A job that has been read."""
    made: Job = JobFactory(id=7, title="Kỹ sư Điện 2")
    db.session.commit()
    client.get("/api/v1/jobs/7/")
    return made


@pytest.fixture
def flask_answers(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The references that reached Flask."""
    seen: list[str] = []
    find = routes._id_of
    monkeypatch.setattr(routes, "_id_of", lambda reference: seen.append(reference) or find(reference))
    return seen


@pytest.mark.parametrize("condition", [None, "*", '"other"', "garbage"])
@pytest.mark.parametrize("origin", [None, HOME])
@pytest.mark.parametrize("path", ["/api/v1/jobs/7/", "/api/jobs/7", "/api/v1/jobs/ky-su-dien-2-7/", "/api/v1/jobs/7/?from=mail"])
def test_a_hit_is_answered_as_flask_would(
    client: FlaskClient, job: Job, in_front: CachedAnswers, flask_answers: list[str], path: str, origin: str | None, condition: str | None
) -> None:
    sent = {"Origin": origin, "If-None-Match": condition, "X-Request-ID": "the-same-id"}
    headers = {name: value for name, value in sent.items() if value is not None}

    quick = client.get(path, headers=headers)
    reached = list(flask_answers)
    in_front.is_active = False
    slow = client.get(path, headers=headers)
    in_front.is_active = True

    assert (reached, len(flask_answers)) == ([], 1)
    assert (quick.status, quick.data) == (slow.status, slow.data)
    assert sorted(quick.headers) == sorted(slow.headers)
    assert quick.headers["X-Request-ID"] == "the-same-id"


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("head", "/api/v1/jobs/7/", {}),
        ("get", "/api/v1/jobs/8/", {}),
        ("get", "/api/v1/jobs/7/", {"Origin": "https://evil.example"}),
        ("get", "/api/v1/jobs/7/", {"Origin": HOME.upper()}),
        ("get", "/api/v1/jobs/-7/", {}),
    ],
)
def test_whatever_is_not_a_plain_hit_goes_on(
    client: FlaskClient, job: Job, flask_answers: list[str], method: str, path: str, headers: dict[str, str]
) -> None:
    answer = getattr(client, method)(path, headers=headers)

    assert len(flask_answers) == 1
    assert answer.headers.get("Access-Control-Allow-Origin") in {None, HOME, HOME.upper()}


@pytest.mark.parametrize("path", ["/api/v1/jobs/7/publish/", "/api/v1/jobs/x/7/", "/api/v1/jobs/7/7/"])
def test_other_paths_are_never_taken_for_a_job(client: FlaskClient, job: Job, path: str) -> None:
    assert client.get(path).status_code in {404, 405}


def test_every_answer_has_an_id_of_its_own(client: FlaskClient, job: Job) -> None:
    assert client.get("/api/v1/jobs/7/").headers["X-Request-ID"] != client.get("/api/v1/jobs/7/").headers["X-Request-ID"]


def test_its_readers_are_counted(app: APIFlask, client: FlaskClient, job: Job) -> None:
    views: ViewCounter = app.extensions["job_views"]
    views._unwritten.clear()

    for _ in range(3):
        client.get("/api/v1/jobs/7/")
    views.flush()

    assert client.get("/api/v1/jobs/7/").json["views_count"] == 3


def test_it_asks_nothing_but_the_cache(client: FlaskClient, job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(job_cache()._epoch, "_trusted_until", 0.0)

    assert job_cache().peek("job:7") is None
    assert client.get("/api/v1/jobs/7/").status_code == 200
    assert job_cache().peek("job:7") is not None
