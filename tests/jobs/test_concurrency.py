"""Changes of the same rows at the same time, with real commits: one credit opens one job, a company's end beats its jobs' openings."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from apiflask import APIFlask
from sqlalchemy import func, select

from app.accounts import sessions
from app.accounts.models import User
from app.companies.models import Company
from app.extensions import db
from app.jobs.models import Job, JobStatus, SavedJob
from tests.factories import CandidateFactory, JobFactory

Call = tuple[str, str, dict[str, object]]


@pytest.fixture
def at_once(committed_app: APIFlask) -> Callable[[int, list[Call]], list[int]]:
    """Send requests of one user at the same moment; their statuses."""

    def send(user_id: int, calls: list[Call]) -> list[int]:
        with committed_app.app_context():
            token = sessions.open_session(db.session.get(User, user_id)).access
            db.session.commit()
        start = threading.Barrier(len(calls))

        def one(call: Call) -> int:
            method, path, body = call
            start.wait(30)
            client = committed_app.test_client(use_cookies=False)
            return client.open(path, method=method, json=body, headers={"Authorization": f"Bearer {token}"}).status_code

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(one, calls))

    return send


def test_one_credit_opens_one_of_eight_drafts(committed_app: APIFlask, at_once: Callable[[int, list[Call]], list[int]]) -> None:
    with committed_app.app_context():
        first = JobFactory(status=JobStatus.DRAFT, published_at=None, company__owner__job_posting_credits=1)
        drafts = [first, *JobFactory.create_batch(7, company=first.company, status=JobStatus.DRAFT, published_at=None)]
        db.session.commit()
        owner, ids = first.company.owner_id, [job.id for job in drafts]

    statuses = at_once(owner, [("POST", f"/api/v1/jobs/{job_id}/publish/", {}) for job_id in ids])

    assert sorted(statuses) == [200] + [403] * 7
    with committed_app.app_context():
        assert db.session.scalar(select(func.count(Job.id)).where(Job.status == JobStatus.OPEN)) == 1
        assert db.session.scalar(select(User.job_posting_credits)) == 0


def test_one_draft_that_is_published_eight_times_is_paid_once(committed_app: APIFlask, at_once: Callable[[int, list[Call]], list[int]]) -> None:
    with committed_app.app_context():
        job = JobFactory(status=JobStatus.DRAFT, published_at=None, company__owner__job_posting_credits=5)
        db.session.commit()
        owner, job_id = job.company.owner_id, job.id

    statuses = at_once(owner, [("POST", f"/api/v1/jobs/{job_id}/publish/", {})] * 8)

    assert sorted(statuses) == [200] + [409] * 7
    with committed_app.app_context():
        assert db.session.scalar(select(User.job_posting_credits)) == 4
        assert db.session.scalar(select(Job.version)) == 2


def test_no_job_is_open_once_its_company_is_deleted(committed_app: APIFlask, at_once: Callable[[int, list[Call]], list[int]]) -> None:
    with committed_app.app_context():
        first = JobFactory(status=JobStatus.DRAFT, published_at=None)
        drafts = [first, *JobFactory.create_batch(3, company=first.company, status=JobStatus.DRAFT, published_at=None)]
        db.session.commit()
        owner, company_id, ids = first.company.owner_id, first.company_id, [job.id for job in drafts]
    body = {"title": "Mới", "description": "Việc mới.", "location": "Huế", "job_type": "FULL_TIME", "company": company_id, "status": "OPEN"}
    writes: list[Call] = [("POST", f"/api/v1/jobs/{job_id}/publish/", {}) for job_id in ids] + [("POST", "/api/v1/jobs/", body)] * 3

    statuses = at_once(owner, [*writes, ("DELETE", f"/api/v1/companies/{company_id}/", {})])

    assert statuses[-1] == 204
    assert set(statuses) <= {200, 201, 204, 400, 409}
    with committed_app.app_context():
        assert db.session.get(Company, company_id).is_deleted
        assert db.session.scalar(select(func.count(Job.id)).where(Job.deleted_at.is_(None))) == 0
        assert db.session.scalar(select(func.count(Job.id)).where(Job.status == JobStatus.OPEN)) == 0


def test_a_job_saved_eight_times_at_once_is_saved_once(committed_app: APIFlask, at_once: Callable[[int, list[Call]], list[int]]) -> None:
    with committed_app.app_context():
        job, candidate = JobFactory(), CandidateFactory()
        db.session.commit()
        job_id, candidate_id = job.id, candidate.id

    statuses = at_once(candidate_id, [("POST", "/api/v1/jobs/saved/", {"job": job_id})] * 8)

    assert sorted(statuses) == [200] * 7 + [201]
    with committed_app.app_context():
        assert db.session.scalar(select(func.count(SavedJob.id))) == 1
