"""Bookmarks, purging, and the form choices."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import AuditEntry, User
from app.applications.models import Application
from app.core.clock import now
from app.core.outbox import Task
from app.extensions import db
from app.jobs.models import Job, JobCounters, JobStatus, SavedJob
from tests.factories import AdminFactory, ApplicationFactory, CandidateFactory, JobFactory, RecruiterFactory

SignIn = Callable[[User], FlaskClient]


def test_saving_twice_answers_with_the_first(sign_in: SignIn) -> None:
    job = JobFactory(company__name="Sao Mai")
    candidate = sign_in(CandidateFactory())

    first = candidate.post("/api/v1/jobs/saved/", json={"job": job.id})
    second = candidate.post("/api/v1/jobs/saved/", json={"job_id": str(job.id)})

    entry = db.session.query(SavedJob).one()
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json == second.json
    assert first.json == {
        "id": entry.id,
        "job_id": job.id,
        "created_at": first.json["created_at"],
        "job": {
            "id": job.id,
            "slug": f"ky-su-phan-mem-{job.id}",
            "title": "Kỹ sư phần mềm",
            "location": "Hà Nội",
            "company": {"id": job.company_id, "name": "Sao Mai", "logo": None},
            "status": "OPEN",
            "is_deleted": False,
            "job_type": "FULL_TIME",
            "experience_level": "MIDDLE",
            "salary_min": 20_000_000,
            "salary_max": 35_000_000,
            "currency": "VND",
            "is_negotiable": False,
            "deadline": str(job.deadline),
        },
    }


@pytest.mark.parametrize("hidden", [{"status": JobStatus.DRAFT}, {"deleted_at": now()}], ids=["draft", "deleted"])
def test_only_a_public_job_can_be_saved(sign_in: SignIn, hidden: dict[str, Any]) -> None:
    job = JobFactory(**hidden)
    candidate = sign_in(CandidateFactory())

    answers = [
        candidate.post("/api/v1/jobs/saved/", json=body) for body in ({"job": job.id}, {"job": job.id + 1}, {}, {"job": "x"}, {"job": 1, "note": ""})
    ]

    assert [answer.status_code for answer in answers] == [400] * 5
    assert [list(answer.json["errors"]) for answer in answers] == [["job"], ["job"], ["job"], ["job"], ["note"]]
    assert db.session.query(SavedJob).count() == 0


def test_saved_jobs_outlive_deletion_and_purge(app: APIFlask, sign_in: SignIn) -> None:
    kept, deleted, purged = JobFactory(title="Còn"), JobFactory(title="Đã xóa"), JobFactory(title="Đã hủy")
    someone = CandidateFactory()
    candidate = sign_in(someone)
    for job in (kept, deleted, purged):
        candidate.post("/api/v1/jobs/saved/", json={"job": job.id})
    db.session.add(SavedJob(candidate_id=CandidateFactory().id, job_id=kept.id))
    deleted.deleted_at = now()
    db.session.commit()

    result = app.test_cli_runner().invoke(args=["postings", "purge", str(purged.id)])
    listed = candidate.get("/api/v1/jobs/saved/")
    again = candidate.post("/api/v1/jobs/saved/", json={"job": deleted.id})

    assert (result.exit_code, result.output) == (0, "1 posting(s) purged.\n")
    assert listed.json["count"] == 3
    assert [(row["job_id"], row["job"]["title"], row["job"]["is_deleted"]) for row in listed.json["results"]] == [
        (None, "[Job Deleted]", True),
        (deleted.id, "Đã xóa", True),
        (kept.id, "Còn", False),
    ]
    assert listed.json["results"][0]["job"]["company"] == {"id": None, "name": "N/A", "logo": None}
    assert again.status_code == 200


def test_the_list_costs_the_same_queries_however_long(sign_in: SignIn, count_queries: Callable[[], Any]) -> None:
    user = CandidateFactory()
    candidate = sign_in(user)
    counts = []
    for more in (2, 30):
        db.session.add_all([SavedJob(candidate_id=user.id, job_id=job.id) for job in JobFactory.create_batch(more)])
        db.session.commit()
        with count_queries() as statements:
            candidate.get("/api/v1/jobs/saved/?limit=100")
        counts.append(len(statements))

    assert counts == [3, 3]


def test_a_bookmark_is_removed_by_its_owner_only(client: FlaskClient, sign_in: SignIn) -> None:
    owner = sign_in(CandidateFactory())
    saved_id = owner.post("/api/v1/jobs/saved/", json={"job": JobFactory().id}).json["id"]
    address = f"/api/v1/jobs/saved/{saved_id}/"

    refused = [caller.delete(address).status_code for caller in (client, sign_in(RecruiterFactory()), sign_in(CandidateFactory()))]
    left = db.session.query(SavedJob).count()
    removed, again = owner.delete(address), owner.delete(address)

    assert (refused, left) == ([401, 403, 404], 1)
    assert (removed.status_code, again.status_code) == (204, 404)
    assert db.session.query(SavedJob).count() == 0


@pytest.mark.parametrize("method", ["get", "post"])
def test_bookmarks_are_for_candidates(client: FlaskClient, sign_in: SignIn, method: str) -> None:
    callers = (client, sign_in(RecruiterFactory()), sign_in(AdminFactory()))

    assert [getattr(caller, method)("/api/v1/jobs/saved/", json={}).status_code for caller in callers] == [401, 403, 403]


def test_a_purge_removes_the_job_and_keeps_the_application(app: APIFlask, client: FlaskClient) -> None:
    application = ApplicationFactory()
    job = application.job
    job_id, company_id = job.id, job.company_id
    db.session.add(JobCounters(job_id=job_id, views=3))
    db.session.commit()
    assert client.get(f"/api/v1/jobs/{job_id}/").status_code == 200

    result = app.test_cli_runner().invoke(args=["postings", "purge", str(job_id)])
    again = app.test_cli_runner().invoke(args=["postings", "purge", str(job_id)])

    db.session.expire_all()
    kept = db.session.query(Application).one()
    entry = db.session.query(AuditEntry).filter_by(action="job.purged").one()
    assert result.exit_code == 0
    assert (again.exit_code, again.output) == (1, "Error: There is no such posting.\n")
    assert (kept.job_id, kept.company_id) == (None, company_id)
    assert db.session.query(JobCounters).count() == 0
    assert (entry.subject_id, entry.data) == (job_id, {"company_id": company_id, "title": "Kỹ sư phần mềm"})
    assert client.get(f"/api/v1/jobs/{job_id}/").status_code == 404
    assert db.session.scalars(select(Task.args).where(Task.name == "search.index_job")).all() == [{"job_id": job_id}]


def test_a_purge_by_age_takes_only_what_was_deleted_long_ago(app: APIFlask) -> None:
    JobFactory(deleted_at=now() - timedelta(days=31))
    lately, live = JobFactory(deleted_at=now() - timedelta(days=29)), JobFactory()
    ids = [lately.id, live.id]
    db.session.commit()

    result = app.test_cli_runner().invoke(args=["postings", "purge", "--deleted-before", "30"])

    assert result.output == "1 posting(s) purged.\n"
    assert db.session.scalars(select(Job.id).order_by(Job.id)).all() == ids


@pytest.mark.parametrize("arguments", [[], ["7", "--deleted-before", "30"], ["0"], ["x"]])
def test_a_purge_says_exactly_what_it_takes(app: APIFlask, arguments: list[str]) -> None:
    JobFactory(id=7)

    result = app.test_cli_runner().invoke(args=["postings", "purge", *arguments])

    assert result.exit_code == 2
    assert db.session.query(Job).count() == 1
