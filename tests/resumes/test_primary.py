"""Exactly one primary résumé for each user who has any."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts import sessions
from app.accounts.models import User
from app.extensions import db
from app.resumes import service
from app.resumes.models import Resume
from tests.factories import CandidateFactory
from tests.resumes.conftest import SignIn

URL = "/api/v1/resumes/"


def write(caller: FlaskClient, title: str, **values: object) -> int:
    resume_id: int = caller.post(URL, json={"title": title, **values}).json["id"]
    return resume_id


def primaries(caller: FlaskClient) -> list[str]:
    return [row["title"] for row in caller.get(URL).json["results"] if row["is_primary"]]


def test_the_first_is_primary_whatever_it_says_and_a_later_one_is_not(caller: FlaskClient) -> None:
    write(caller, "một", is_primary=False)

    write(caller, "hai")

    assert primaries(caller) == ["một"]


def test_making_another_one_primary_moves_it(caller: FlaskClient) -> None:
    write(caller, "một")
    second = write(caller, "hai")
    write(caller, "ba", is_primary=True)
    after_creating = primaries(caller)

    answer = caller.patch(f"{URL}{second}/", json={"is_primary": True})

    assert after_creating == ["ba"]
    assert answer.json["is_primary"] is True
    assert primaries(caller) == ["hai"]


def test_the_primary_one_cannot_just_step_down(caller: FlaskClient) -> None:
    resume_id = write(caller, "một")

    answer = caller.patch(f"{URL}{resume_id}/", json={"title": "khác", "is_primary": False})

    assert (answer.status_code, answer.json["code"], list(answer.json["errors"])) == (400, "primary_needed", ["is_primary"])
    assert primaries(caller) == ["một"]


def test_deleting_the_primary_one_promotes_the_newest(caller: FlaskClient) -> None:
    first = write(caller, "một")
    write(caller, "hai")
    write(caller, "ba")

    caller.delete(f"{URL}{first}/")

    assert primaries(caller) == ["ba"]


def test_deleting_another_one_leaves_the_primary(caller: FlaskClient) -> None:
    write(caller, "một")
    second = write(caller, "hai")

    caller.delete(f"{URL}{second}/")

    assert primaries(caller) == ["một"]


def test_an_application_finds_the_primary_one(caller: FlaskClient, candidate: User, sign_in: SignIn) -> None:
    write(caller, "một")
    write(caller, "hai", is_primary=True)

    found = service.find_primary(candidate.id)

    assert found is not None
    assert found.title == "hai"
    assert service.find_primary(CandidateFactory().id) is None


def test_simultaneous_writes_leave_one_primary(committed_app: APIFlask) -> None:
    with committed_app.app_context():
        user = CandidateFactory()
        user_id, token = user.id, sessions.open_session(user).access
        db.session.commit()
    start = Barrier(6)

    def create(number: int) -> int:
        caller = committed_app.test_client(use_cookies=False)
        start.wait()
        headers = {"Authorization": f"Bearer {token}"}
        return caller.post(URL, json={"title": f"số {number}", "is_primary": number % 2 == 0}, headers=headers).status_code

    with ThreadPoolExecutor(6) as pool:
        statuses = list(pool.map(create, range(6)))

    with committed_app.app_context():
        flags = db.session.scalars(select(Resume.is_primary).where(Resume.user_id == user_id)).all()
    assert statuses == [201] * 6
    assert sorted(flags) == [False] * 5 + [True]
