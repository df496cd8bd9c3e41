"""Interviews: one per application, ahead in time, announced when they change, read by both sides."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.accounts.models import User
from app.applications.models import Application, ApplicationEvent, ApplicationStatus, Interview, InterviewStatus
from app.core.clock import now
from app.core.outbox import Task
from app.extensions import db
from tests.factories import AdminFactory, ApplicationFactory, CandidateFactory, CompanyFactory, RecruiterFactory

SignIn = Callable[[User], FlaskClient]
Queued = Callable[[str], list[dict[str, Any]]]
INTERVIEWS = "/api/v1/applications/interviews/"


@pytest.fixture
def interview(application: Application, tomorrow: datetime) -> Interview:
    """An interview tomorrow, of an application in that status."""
    application.status = ApplicationStatus.INTERVIEW_SCHEDULED
    made = Interview(application=application, interview_date=tomorrow, location="Tầng 5, 12 Lê Lợi", note="Mang theo CV")
    db.session.add(made)
    db.session.commit()
    return made


def iso(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def test_a_recruiter_invites_and_the_application_shows_it(
    application: Application, recruiter: FlaskClient, candidate: FlaskClient, tomorrow: datetime, queued: Queued
) -> None:
    body = {
        "application": application.id,
        "interview_date": iso(tomorrow),
        "meeting_link": "https://meet.example.com/a?b=1",
        "interviewer": "Anh Bảo",
    }

    answer = recruiter.post(INTERVIEWS, json=body)
    shown = candidate.get(f"/api/v1/applications/{application.id}/").json

    made = answer.json
    assert answer.status_code == 201
    schedule = {
        "id": made["id"],
        "interview_date": iso(tomorrow),
        "duration_minutes": 60,
        "location": "",
        "meeting_link": "https://meet.example.com/a?b=1",
        "interviewer": "Anh Bảo",
        "note": "",
        "status": "SCHEDULED",
        "created_at": made["created_at"],
        "updated_at": made["updated_at"],
    }
    assert {name: made[name] for name in schedule} == schedule
    assert (made["application"], made["candidate"]["id"], made["job"]["id"]) == (application.id, application.candidate_id, application.job_id)
    assert (shown["status"], shown["interview_date"], shown["interview_schedule"]) == ("INTERVIEW_SCHEDULED", iso(tomorrow), schedule)
    assert [(event.from_status, event.to_status) for event in db.session.query(ApplicationEvent)] == [("PENDING", "INTERVIEW_SCHEDULED")]
    version = {"interview_id": made["id"], "sequence": 0}
    assert queued("mail.interview_invitation") == [version]
    assert queued("mail.application_status") == [], "the invitation says it already"
    [reminder] = db.session.query(Task).filter_by(name="mail.interview_reminder")
    assert reminder.args == version
    assert abs(reminder.run_after - (tomorrow - timedelta(hours=1))) < timedelta(seconds=5)
    assert [news["type"] for news in queued("notifications.deliver")] == ["INTERVIEW_SCHEDULED"]


def test_an_interview_within_the_hour_needs_no_reminder(application: Application, recruiter: FlaskClient, queued: Queued) -> None:
    soon = now() + timedelta(minutes=50)

    answer = recruiter.post(INTERVIEWS, json={"application": application.id, "interview_date": iso(soon)})

    assert answer.status_code == 201
    assert len(queued("mail.interview_invitation")) == 1
    assert queued("mail.interview_reminder") == []


def test_an_invitation_may_say_that_it_is_scheduled(application: Application, recruiter: FlaskClient, tomorrow: datetime) -> None:
    answer = recruiter.post(INTERVIEWS, json={"application": application.id, "interview_date": iso(tomorrow), "status": "SCHEDULED"})

    assert (answer.status_code, answer.json["status"]) == (201, "SCHEDULED")


def test_there_is_one_interview_per_application(interview: Interview, recruiter: FlaskClient, tomorrow: datetime) -> None:
    answer = recruiter.post(INTERVIEWS, json={"application": interview.application_id, "interview_date": iso(tomorrow)})

    assert (answer.status_code, answer.json["code"]) == (409, "interview_exists")
    assert db.session.query(Interview).count() == 1


@pytest.mark.parametrize("status", ["OFFER_EXTENDED", "ACCEPTED", "REJECTED", "WITHDRAWN"])
def test_an_application_that_is_past_interviews_gets_none(
    application: Application, recruiter: FlaskClient, tomorrow: datetime, queued: Queued, status: str
) -> None:
    application.status = ApplicationStatus(status)
    db.session.commit()

    answer = recruiter.post(INTERVIEWS, json={"application": application.id, "interview_date": iso(tomorrow)})

    assert (answer.status_code, answer.json["code"]) == (409, "illegal_transition")
    assert db.session.query(Interview).count() == 0
    assert queued("mail.interview_invitation") == []


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"interview_date": None}, "interview_date"),
        ({"interview_date": "2099-01-01T10:00:00"}, "interview_date"),
        ({"interview_date": "2020-01-01T10:00:00Z"}, "interview_date"),
        ({"interview_date": "0001-01-01T00:00:00+14:00"}, "interview_date"),
        ({"interview_date": "9999-12-31T23:59:59-12:00"}, "interview_date"),
        ({"interview_date": 10**40}, "interview_date"),
        ({"duration_minutes": 14}, "duration_minutes"),
        ({"duration_minutes": 481}, "duration_minutes"),
        ({"meeting_link": "javascript:alert(1)"}, "meeting_link"),
        ({"meeting_link": "ftp://example.com"}, "meeting_link"),
        ({"status": "COMPLETED"}, "status"),
        ({"application": 2**62}, "application"),
        ({"uid": "x"}, "uid"),
    ],
)
def test_a_wrong_interview_names_its_field(
    application: Application, recruiter: FlaskClient, tomorrow: datetime, change: dict[str, object], field: str
) -> None:
    answer = recruiter.post(INTERVIEWS, json={"application": application.id, "interview_date": iso(tomorrow), **change})

    assert (answer.status_code, list(answer.json["errors"])) == (400, [field])
    assert db.session.query(Interview).count() == 0
    assert db.session.get(Application, application.id).status == "PENDING"


def test_a_move_raises_the_sequence_and_reminds_again(interview: Interview, recruiter: FlaskClient, tomorrow: datetime, queued: Queued) -> None:
    interview.reminded_at = now()
    db.session.commit()
    later = tomorrow + timedelta(days=1)

    answer = recruiter.patch(f"{INTERVIEWS}{interview.id}/", json={"interview_date": iso(later), "duration_minutes": 45})

    moved = {"interview_id": interview.id, "sequence": 1}
    assert (answer.status_code, answer.json["interview_date"], answer.json["duration_minutes"]) == (200, iso(later), 45)
    assert db.session.get(Interview, interview.id).reminded_at is None
    assert (queued("mail.interview_invitation"), queued("mail.interview_reminder")) == ([moved], [moved])


def test_another_place_does_not_remind_twice(interview: Interview, recruiter: FlaskClient, queued: Queued) -> None:
    interview.reminded_at = now()
    db.session.commit()

    recruiter.patch(f"{INTERVIEWS}{interview.id}/", json={"location": "Tầng 6"})

    assert queued("mail.interview_invitation") == [{"interview_id": interview.id, "sequence": 1}]
    assert queued("mail.interview_reminder") == []


def test_the_same_again_is_no_news(interview: Interview, recruiter: FlaskClient, tomorrow: datetime, queued: Queued) -> None:
    answer = recruiter.patch(f"{INTERVIEWS}{interview.id}/", json={"interview_date": iso(tomorrow), "status": "SCHEDULED"})

    assert answer.status_code == 200
    assert db.session.get(Interview, interview.id).sequence == 0
    assert queued("mail.interview_invitation") == []


def test_a_record_made_after_the_fact_is_not_mailed(interview: Interview, recruiter: FlaskClient, queued: Queued) -> None:
    interview.interview_date = now() - timedelta(hours=2)
    db.session.commit()

    noted = recruiter.patch(f"{INTERVIEWS}{interview.id}/", json={"note": "Đúng giờ"})
    done = recruiter.patch(f"{INTERVIEWS}{interview.id}/", json={"status": "COMPLETED"})

    assert (noted.json["note"], done.json["status"]) == ("Đúng giờ", "COMPLETED")
    assert queued("mail.interview_invitation") == []


@pytest.mark.parametrize("how", ["delete", "patch"])
def test_cancelling_tells_the_calendar_and_stays_readable(
    interview: Interview, recruiter: FlaskClient, candidate: FlaskClient, queued: Queued, how: str
) -> None:
    path = f"{INTERVIEWS}{interview.id}/"

    answer = recruiter.delete(path) if how == "delete" else recruiter.patch(path, json={"status": "CANCELLED"})

    application = candidate.get(f"/api/v1/applications/{interview.application_id}/").json
    assert answer.status_code == (204 if how == "delete" else 200)
    assert candidate.get(path).json["status"] == "CANCELLED"
    assert (application["interview_date"], application["interview_schedule"]) == (None, None)
    assert queued("mail.interview_invitation") == [{"interview_id": interview.id, "sequence": 1}]
    assert queued("mail.interview_reminder") == []


def test_a_cancelled_interview_is_set_anew_as_the_same_event(
    interview: Interview, recruiter: FlaskClient, tomorrow: datetime, queued: Queued
) -> None:
    uid = interview.uid
    recruiter.delete(f"{INTERVIEWS}{interview.id}/")

    answer = recruiter.post(INTERVIEWS, json={"application": interview.application_id, "interview_date": iso(tomorrow)})

    kept = db.session.query(Interview).one()
    assert (answer.status_code, answer.json["id"], answer.json["status"], answer.json["location"]) == (201, interview.id, "SCHEDULED", "")
    assert (kept.uid, kept.sequence) == (uid, 2)
    assert [args["sequence"] for args in queued("mail.interview_invitation")] == [1, 2]


@pytest.mark.parametrize(
    ("status", "change"),
    [
        ("COMPLETED", {"status": "SCHEDULED"}),
        ("COMPLETED", {"status": "CANCELLED"}),
        ("COMPLETED", {"location": "Đâu đó"}),
        ("CANCELLED", {"location": "Đâu đó"}),
        ("CANCELLED", {"status": "COMPLETED"}),
    ],
)
def test_what_is_over_stays_as_it_was(interview: Interview, recruiter: FlaskClient, status: str, change: dict[str, object]) -> None:
    interview.status = InterviewStatus(status)
    db.session.commit()

    answer = recruiter.patch(f"{INTERVIEWS}{interview.id}/", json=change)

    kept = db.session.get(Interview, interview.id)
    assert (answer.status_code, answer.json["code"]) == (409, "interview_closed")
    assert (kept.status, kept.location, kept.sequence) == (status, "Tầng 5, 12 Lê Lợi", 0)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"interview_date": "2020-01-01T10:00:00Z"}, "interview_date"),
        ({"interview_date": None}, "interview_date"),
        ({"duration_minutes": None}, "duration_minutes"),
        ({"status": None}, "status"),
        ({"application": 1}, "application"),
        ({"sequence": 7}, "sequence"),
    ],
)
def test_a_wrong_change_names_its_field(interview: Interview, recruiter: FlaskClient, change: dict[str, object], field: str) -> None:
    before = interview.interview_date

    answer = recruiter.patch(f"{INTERVIEWS}{interview.id}/", json=change)

    assert (answer.status_code, list(answer.json["errors"])) == (400, [field])
    assert db.session.get(Interview, interview.id).interview_date == before


def test_a_closed_application_is_not_met_about(interview: Interview, recruiter: FlaskClient, tomorrow: datetime) -> None:
    db.session.get(Application, interview.application_id).status = ApplicationStatus.ACCEPTED
    db.session.commit()

    answer = recruiter.patch(f"{INTERVIEWS}{interview.id}/", json={"interview_date": iso(tomorrow + timedelta(hours=3))})

    assert (answer.status_code, answer.json["code"]) == (409, "illegal_transition")
    assert db.session.get(Interview, interview.id).interview_date == tomorrow


def test_the_recruiter_writes_both_sides_read_and_nobody_else(interview: Interview, client: FlaskClient, sign_in: SignIn, tomorrow: datetime) -> None:
    application = db.session.get(Application, interview.application_id)
    callers = {
        "candidate": sign_in(application.candidate),
        "recruiter": sign_in(application.company.owner),
        "admin": sign_in(AdminFactory()),
        "other candidate": sign_in(CandidateFactory()),
        "other recruiter": sign_in(CompanyFactory().owner),
        "anonymous": client,
    }
    path = f"{INTERVIEWS}{interview.id}/"
    new = {"application": application.id, "interview_date": iso(tomorrow)}

    statuses = {
        who: (
            caller.get(path).status_code,
            caller.get(INTERVIEWS).json.get("count"),
            caller.post(INTERVIEWS, json=new).status_code,
            caller.patch(path, json={"note": "Mang theo CV"}).status_code,
            caller.delete(path).status_code if who != "recruiter" else None,
        )
        for who, caller in callers.items()
    }

    assert statuses == {
        "candidate": (200, 1, 403, 403, 403),
        "recruiter": (200, 1, 409, 200, None),
        "admin": (200, 1, 403, 403, 403),
        "other candidate": (404, 0, 403, 403, 403),
        "other recruiter": (404, 0, 400, 404, 404),
        "anonymous": (401, None, 401, 401, 401),
    }
    assert db.session.get(Interview, interview.id).status == "SCHEDULED"


def test_a_long_list_costs_as_many_queries_as_a_short_one(sign_in: SignIn, count_queries: Callable[[], Any], tomorrow: datetime) -> None:
    owner = RecruiterFactory()
    caller = sign_in(owner)
    costs = []
    for rows in (2, 8):
        for _ in range(rows):
            made = ApplicationFactory(job__company=CompanyFactory(owner=owner), status=ApplicationStatus.INTERVIEW_SCHEDULED)
            db.session.add(Interview(application=made, interview_date=tomorrow))
        db.session.commit()
        db.session.expunge_all()
        with count_queries() as statements:
            answer = caller.get(INTERVIEWS, query_string={"status": "SCHEDULED", "ordering": "interview_date"})
        costs.append((answer.json["count"], len(statements)))

    assert costs == [(2, costs[0][1]), (10, costs[0][1])]
