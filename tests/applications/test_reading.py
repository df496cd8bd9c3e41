"""Who sees which application, its card after its job's end, lists at constant cost, history, numbers, files."""

from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.accounts.models import User
from app.applications.history import record
from app.applications.models import Application, ApplicationStatus
from app.core import storage
from app.core.clock import now
from app.extensions import db
from app.resumes.models import PdfStatus
from tests.factories import AdminFactory, ApplicationFactory, CandidateFactory, CompanyFactory, JobFactory, RecruiterFactory, ResumeFactory

SignIn = Callable[[User], FlaskClient]
APPLICATIONS = "/api/v1/applications/"
PURGED = {
    "id": None,
    "slug": None,
    "title": "[Job Deleted]",
    "location": None,
    "company": {"id": None, "name": "N/A", "logo": None},
    "status": None,
    "is_deleted": True,
}


@pytest.fixture
def callers(application: Application, client: FlaskClient, sign_in: SignIn) -> dict[str, FlaskClient]:
    """Everybody who might ask about `application`."""
    return {
        "candidate": sign_in(application.candidate),
        "recruiter": sign_in(application.company.owner),
        "admin": sign_in(AdminFactory()),
        "other candidate": sign_in(CandidateFactory()),
        "other recruiter": sign_in(CompanyFactory().owner),
        "anonymous": client,
    }


@pytest.mark.parametrize("path", [APPLICATIONS + "{id}/", APPLICATIONS + "{id}/history/", "/api/v1/media/application/{id}/download/"])
def test_the_parties_and_an_admin_read_and_nobody_else(application: Application, callers: dict[str, FlaskClient], path: str) -> None:
    cv = storage.save(b"%PDF-1.7", folder="cvs", name="cv.pdf", content_type="application/pdf", owner_id=application.candidate_id)
    application.cv_file_id = cv.id
    db.session.commit()

    statuses = {who: caller.get(path.format(id=application.id)).status_code for who, caller in callers.items()}

    assert statuses == {"candidate": 200, "recruiter": 200, "admin": 200, "other candidate": 404, "other recruiter": 404, "anonymous": 401}


def test_each_one_lists_what_they_see(application: Application, callers: dict[str, FlaskClient]) -> None:
    foreign = ApplicationFactory()

    answers = {who: caller.get(APPLICATIONS) for who, caller in callers.items()}

    ids = {who: [row["id"] for row in answer.json.get("results", [])] for who, answer in answers.items()}
    assert ids == {
        "candidate": [application.id],
        "recruiter": [application.id],
        "admin": [foreign.id, application.id],
        "other candidate": [],
        "other recruiter": [],
        "anonymous": [],
    }
    assert answers["anonymous"].status_code == 401


def test_the_note_is_for_the_recruiters_side_only(application: Application, callers: dict[str, FlaskClient]) -> None:
    application.note = "Phỏng vấn lại"
    db.session.commit()

    shown = {who: callers[who].get(f"{APPLICATIONS}{application.id}/").json for who in ("candidate", "recruiter", "admin")}
    listed = {who: callers[who].get(APPLICATIONS).json["results"][0] for who in ("candidate", "recruiter")}

    assert "note" not in shown["candidate"]
    assert "note" not in listed["candidate"]
    assert [answer["note"] for answer in (shown["recruiter"], shown["admin"], listed["recruiter"])] == ["Phỏng vấn lại"] * 3


def test_a_soft_deleted_job_keeps_its_real_card(application: Application, candidate: FlaskClient, recruiter: FlaskClient) -> None:
    application.job.deleted_at = application.company.deleted_at = now()
    db.session.commit()

    cards = [caller.get(f"{APPLICATIONS}{application.id}/").json["job"] for caller in (candidate, recruiter)]

    assert cards[0] == cards[1]
    assert (cards[0]["title"], cards[0]["is_deleted"]) == ("Kỹ sư phần mềm", True)
    assert cards[0]["company"] == {"id": application.company_id, "name": application.company.name, "logo": None}


def test_a_purged_job_leaves_a_placeholder_for_both_sides(application: Application, candidate: FlaskClient, recruiter: FlaskClient) -> None:
    db.session.delete(application.job)
    db.session.commit()

    answers = [caller.get(f"{APPLICATIONS}{application.id}/").json for caller in (candidate, recruiter)]

    assert [answer["job"] for answer in answers] == [PURGED, PURGED]
    assert [(answer["job_info"], answer["job_id"]) for answer in answers] == [(PURGED, None)] * 2


def test_filters_narrow_the_list(application: Application, recruiter: FlaskClient) -> None:
    other_job = ApplicationFactory(job__company=application.company)
    rejected = ApplicationFactory(job=application.job, status=ApplicationStatus.REJECTED)

    by_job = recruiter.get(APPLICATIONS, query_string={"job": application.job_id}).json
    by_both = recruiter.get(APPLICATIONS, query_string={"job": application.job_id, "status": "REJECTED"}).json
    oldest = recruiter.get(APPLICATIONS, query_string={"ordering": "applied_at", "limit": 1, "offset": 1}).json

    assert (by_job["count"], [row["id"] for row in by_job["results"]]) == (2, [rejected.id, application.id])
    assert (by_both["count"], by_both["results"][0]["id"]) == (1, rejected.id)
    assert (oldest["count"], [row["id"] for row in oldest["results"]]) == (3, [other_job.id])
    assert "offset=2" in oldest["next"]
    assert "offset=0" in oldest["previous"]


@pytest.mark.parametrize(("name", "value"), [("status", "HIRED"), ("job", "x"), ("limit", "101"), ("offset", "-1"), ("ordering", "note")])
def test_a_bad_filter_is_named(candidate: FlaskClient, name: str, value: str) -> None:
    answer = candidate.get(APPLICATIONS, query_string={name: value})

    assert (answer.status_code, list(answer.json["errors"])) == (400, [name])


def make_page(owner: User, rows: int) -> None:
    """Applications to one recruiter's companies: live, deleted and purged jobs, résumés, files and interviews in turn."""
    for number in range(rows):
        made = ApplicationFactory(job__company=CompanyFactory(owner=owner))
        made.resume_id = ResumeFactory(user_id=made.candidate_id).id
        if number % 3 == 1:
            made.job.deleted_at = now()
        if number % 3 == 2:
            db.session.delete(made.job)
    db.session.commit()
    db.session.expunge_all()


@pytest.mark.parametrize("who", ["recruiter", "admin", "candidate"])
def test_a_long_page_costs_as_many_queries_as_a_short_one(app: APIFlask, sign_in: SignIn, count_queries: Callable[[], Any], who: str) -> None:
    owner = RecruiterFactory()
    caller = sign_in({"recruiter": owner, "admin": AdminFactory(), "candidate": CandidateFactory()}[who])
    costs = []
    for rows in (10, 90):
        make_page(owner, rows)
        if who == "candidate":
            identity = db.session.query(User).filter_by(user_type="CANDIDATE").order_by(User.id).first()
            db.session.query(Application).update({"candidate_id": identity.id})
            db.session.commit()
            db.session.expunge_all()
        with count_queries() as statements:
            answer = caller.get(APPLICATIONS, query_string={"limit": 100})
        costs.append((len(answer.json["results"]), len(statements)))

    assert [rows for rows, _ in costs] == [10, 100]
    assert costs[0][1] == costs[1][1]
    titles = [row["job"]["title"] for row in answer.json["results"]]
    assert titles.count("[Job Deleted]") == 33
    assert sum(row["job"]["is_deleted"] for row in answer.json["results"]) == 66


def test_history_tells_every_change_and_who_made_it(application: Application, candidate: FlaskClient) -> None:
    record(application, None, ApplicationStatus.PENDING, actor_id=application.candidate_id)
    record(application, ApplicationStatus.PENDING, ApplicationStatus.REVIEWING, actor_id=application.company.owner_id)
    record(ApplicationFactory(), None, ApplicationStatus.PENDING, actor_id=None)
    db.session.commit()

    answer = candidate.get(f"{APPLICATIONS}{application.id}/history/").json

    owner = {"id": application.company.owner_id, "full_name": "Trần Quốc Bảo", "avatar": None, "user_type": "RECRUITER"}
    assert answer["count"] == 2
    assert [(row["from_status"], row["to_status"]) for row in answer["results"]] == [("PENDING", "REVIEWING"), (None, "PENDING")]
    assert answer["results"][0]["actor"] == owner
    assert all(row["created_at"] for row in answer["results"])


def test_stats_count_by_status(sign_in: SignIn) -> None:
    person, owner = CandidateFactory(), RecruiterFactory()
    for status in ApplicationStatus:
        ApplicationFactory(candidate=person, status=status, job__company=CompanyFactory(owner=owner))
    ApplicationFactory(candidate=person, job=JobFactory())
    headline = {"totalApplications": 8, "pendingApplications": 3, "interviews": 1, "offers": 2}

    mine = sign_in(person).get(f"{APPLICATIONS}stats/")
    theirs = sign_in(owner).get(f"{APPLICATIONS}stats/")

    assert (mine.status_code, mine.json) == (200, headline)
    by_status = {status.value: 1 for status in ApplicationStatus}
    assert theirs.json == {**headline, "totalApplications": 7, "pendingApplications": 2, "byStatus": by_status, "upcomingInterviews": 0}


def test_stats_are_for_candidates_and_recruiters(client: FlaskClient, sign_in: SignIn) -> None:
    answers = [caller.get(f"{APPLICATIONS}stats/").status_code for caller in (client, sign_in(AdminFactory()))]

    assert answers == [401, 403]


def test_without_a_cv_the_download_is_the_last_pdf_of_the_resume(application: Application, recruiter: FlaskClient) -> None:
    path = f"/api/v1/media/application/{application.id}/download/"
    resume = ResumeFactory(user_id=application.candidate_id)
    application.resume_id = resume.id
    db.session.commit()
    before = recruiter.get(path)
    pdf = storage.save(b"%PDF-1.7 rendered", folder="resumes", name="CV.pdf", content_type="application/pdf", owner_id=resume.user_id)
    resume.pdf_file_id, resume.pdf_status = pdf.id, PdfStatus.PROCESSING
    db.session.commit()

    after = recruiter.get(path)

    assert (before.status_code, before.json["code"]) == (404, "no_file")
    assert (after.status_code, after.data) == (200, b"%PDF-1.7 rendered")
    assert recruiter.get(f"{APPLICATIONS}{application.id}/").json["cv_file"] == path
