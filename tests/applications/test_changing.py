"""Editing by the candidate, deciding by the recruiter, withdrawing; and two of them at once."""

import io
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.applications import service
from app.applications.errors import IllegalTransition
from app.applications.models import Application, ApplicationEvent, ApplicationStatus, Interview, InterviewStatus
from app.core.clock import now
from app.core.storage import StoredFile
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from tests.factories import AdminFactory, ApplicationFactory, CandidateFactory, CompanyFactory, ResumeFactory

SignIn = Callable[[User], FlaskClient]
APPLICATIONS = "/api/v1/applications/"
PDF = b"%PDF-1.7\n%%EOF\n"


def test_a_candidate_edits_while_nobody_has_looked(application: Application, candidate: FlaskClient) -> None:
    resume = ResumeFactory(user_id=application.candidate_id)

    letter = candidate.patch(f"{APPLICATIONS}{application.id}/", json={"cover_letter": "Mới", "resume": resume.id})
    file = candidate.patch(f"{APPLICATIONS}{application.id}/", data={"cv_file": (io.BytesIO(PDF), "moi.pdf"), "resume": ""})

    assert (letter.status_code, letter.json["cover_letter"], letter.json["resume"]) == (200, "Mới", resume.id)
    assert (file.status_code, file.json["resume"], file.json["cover_letter"]) == (200, None, "Mới")
    assert candidate.get(file.json["cv_file"]).data == PDF


def test_a_replaced_cv_is_not_kept(application: Application, candidate: FlaskClient) -> None:
    path = f"{APPLICATIONS}{application.id}/"
    candidate.patch(path, data={"cv_file": (io.BytesIO(PDF), "cu.pdf")})

    candidate.patch(path, data={"cv_file": (io.BytesIO(PDF + b"2"), "moi.pdf")})

    [kept] = db.session.query(StoredFile)
    assert (kept.name, kept.id) == ("moi.pdf", db.session.get(Application, application.id).cv_file_id)


def test_an_application_always_shows_something(application: Application, candidate: FlaskClient) -> None:
    resume = ResumeFactory(user_id=application.candidate_id)
    application.resume_id = resume.id
    db.session.commit()

    answer = candidate.patch(f"{APPLICATIONS}{application.id}/", json={"resume": None})

    assert (answer.status_code, answer.json["code"]) == (400, "cv_required")
    assert db.session.get(Application, application.id).resume_id == resume.id


def test_another_candidates_resume_cannot_be_put_in(application: Application, candidate: FlaskClient) -> None:
    answer = candidate.patch(f"{APPLICATIONS}{application.id}/", json={"resume": ResumeFactory().id})

    assert (answer.status_code, answer.json["code"]) == (400, "unknown_resume")
    assert db.session.get(Application, application.id).resume_id is None


@pytest.mark.parametrize("status", [status for status in ApplicationStatus if status != ApplicationStatus.PENDING])
def test_a_candidate_edits_nothing_once_it_is_looked_at(application: Application, candidate: FlaskClient, status: ApplicationStatus) -> None:
    application.status = status
    db.session.commit()

    answer = candidate.patch(f"{APPLICATIONS}{application.id}/", json={"cover_letter": "Muộn"})

    assert (answer.status_code, answer.json["code"]) == (409, "under_review")
    assert db.session.get(Application, application.id).cover_letter == ""


@pytest.mark.parametrize(
    ("side", "body"),
    [
        ("candidate", {"status": "ACCEPTED"}),
        ("candidate", {"note": "tôi"}),
        ("recruiter", {"cover_letter": "x"}),
        ("recruiter", {"resume": 1}),
        ("recruiter", {"cv_file": None}),
        ("recruiter", {"job": 1}),
        ("recruiter", {"applied_at": "2020-01-01T00:00:00Z"}),
        ("recruiter", {"status": "HIRED"}),
        ("recruiter", {"status": None}),
    ],
)
def test_each_side_has_its_own_fields(
    application: Application, candidate: FlaskClient, recruiter: FlaskClient, side: str, body: dict[str, object]
) -> None:
    caller = candidate if side == "candidate" else recruiter

    answer = caller.patch(f"{APPLICATIONS}{application.id}/", json=body)

    assert (answer.status_code, list(answer.json["errors"])) == (400, list(body))
    kept = db.session.get(Application, application.id)
    assert (kept.status, kept.note, kept.cover_letter) == ("PENDING", "", "")


def test_a_recruiter_decides_and_everybody_can_tell(
    application: Application, recruiter: FlaskClient, candidate: FlaskClient, queued: Callable[[str], list[dict[str, Any]]]
) -> None:
    answer = recruiter.patch(f"{APPLICATIONS}{application.id}/", json={"status": "OFFER_EXTENDED", "note": "Rất tốt"})

    event = db.session.query(ApplicationEvent).one()
    assert (answer.status_code, answer.json["status"], answer.json["note"]) == (200, "OFFER_EXTENDED", "Rất tốt")
    assert candidate.get(f"{APPLICATIONS}{application.id}/").json["status"] == "OFFER_EXTENDED"
    assert (event.from_status, event.to_status, event.actor_id) == ("PENDING", "OFFER_EXTENDED", application.company.owner_id)
    assert queued("mail.application_status") == [{"event_id": event.id}]
    [news] = queued("notifications.deliver")
    assert (news["user_id"], news["type"], news["level"]) == (application.candidate_id, "APPLICATION_STATUS_CHANGED", "SUCCESS")


@pytest.mark.parametrize(
    ("present", "wanted"), [("OFFER_EXTENDED", "REVIEWING"), ("REJECTED", "ACCEPTED"), ("PENDING", "PENDING"), ("PENDING", "WITHDRAWN")]
)
def test_an_illegal_move_changes_nothing(
    application: Application, recruiter: FlaskClient, queued: Callable[[str], list[dict[str, Any]]], present: str, wanted: str
) -> None:
    application.status = ApplicationStatus(present)
    db.session.commit()

    answer = recruiter.patch(f"{APPLICATIONS}{application.id}/", json={"status": wanted, "note": "không lưu"})

    kept = db.session.get(Application, application.id)
    assert (answer.status_code, answer.json["code"]) == (409, "illegal_transition")
    assert (kept.status, kept.note) == (present, "")
    assert db.session.query(ApplicationEvent).count() == 0
    assert queued("mail.application_status") == []


def test_a_candidate_withdraws_once_and_the_recruiter_hears_of_it(
    application: Application, candidate: FlaskClient, queued: Callable[[str], list[dict[str, Any]]]
) -> None:
    first = candidate.post(f"{APPLICATIONS}{application.id}/withdraw/")
    second = candidate.post(f"{APPLICATIONS}{application.id}/withdraw/")

    assert (first.status_code, first.json["status"]) == (200, "WITHDRAWN")
    assert (second.status_code, second.json["code"]) == (409, "illegal_transition")
    assert [(event.from_status, event.to_status) for event in db.session.query(ApplicationEvent)] == [("PENDING", "WITHDRAWN")]
    assert [news["user_id"] for news in queued("notifications.deliver")] == [application.company.owner_id]


@pytest.mark.parametrize("end", ["withdraw", "reject"])
def test_the_end_of_an_application_cancels_the_interview_ahead(
    application: Application, candidate: FlaskClient, recruiter: FlaskClient, queued: Callable[[str], list[dict[str, Any]]], end: str
) -> None:
    application.status = ApplicationStatus.INTERVIEW_SCHEDULED
    interview = Interview(application=application, interview_date=now() + timedelta(days=1))
    db.session.add(interview)
    db.session.commit()

    if end == "withdraw":
        candidate.post(f"{APPLICATIONS}{application.id}/withdraw/")
    else:
        recruiter.patch(f"{APPLICATIONS}{application.id}/", json={"status": "REJECTED"})

    kept = db.session.get(Interview, interview.id)
    assert (kept.status, kept.sequence) == (InterviewStatus.CANCELLED, 1)
    assert queued("mail.interview_invitation") == [{"interview_id": interview.id, "sequence": 1}]


def test_only_the_right_side_writes(client: FlaskClient, sign_in: SignIn, application: Application) -> None:
    path = f"{APPLICATIONS}{application.id}/"
    stranger, other_company, admin = sign_in(CandidateFactory()), sign_in(CompanyFactory().owner), sign_in(AdminFactory())
    owner = sign_in(application.company.owner)

    patched = [caller.patch(path, json={"note": "x"}).status_code for caller in (client, other_company, admin)]
    edited = stranger.patch(path, json={"cover_letter": "x"}).status_code
    withdrawn = [caller.post(f"{path}withdraw/").status_code for caller in (client, stranger, owner, admin)]

    assert patched == [401, 404, 403]
    assert edited == 404
    assert withdrawn == [401, 404, 403, 403]
    kept = db.session.get(Application, application.id)
    assert (kept.status, kept.note, kept.cover_letter) == ("PENDING", "", "")


def test_a_withdrawal_waits_for_the_acceptance_under_way_and_then_fails(committed_app: APIFlask) -> None:
    with committed_app.app_context(), unit_of_work():
        made = ApplicationFactory()
        application_id, candidate_id, owner_id = made.id, made.candidate_id, made.company.owner_id
    accepted, outcome = threading.Event(), []

    def withdraw() -> None:
        with committed_app.app_context():
            accepted.wait(5)
            try:
                with unit_of_work():
                    service.withdraw(db.session.get(User, candidate_id), application_id)
                outcome.append("withdrawn")
            except IllegalTransition as error:
                outcome.append(error.detail)

    rival = threading.Thread(target=withdraw)
    rival.start()
    with committed_app.app_context(), unit_of_work():
        service.decide(db.session.get(User, owner_id), application_id, {"status": ApplicationStatus.ACCEPTED})
        accepted.set()
        rival.join(0.5)
        waited = rival.is_alive()
    rival.join(5)

    assert waited, "the withdrawal must not read the row before the acceptance is committed"
    assert outcome == ["An application that is ACCEPTED cannot become WITHDRAWN."]
    with committed_app.app_context():
        assert db.session.get(Application, application_id).status == "ACCEPTED"
        assert [event.to_status for event in db.session.query(ApplicationEvent)] == ["ACCEPTED"]
