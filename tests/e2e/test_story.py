"""The board's whole story over HTTP against real workers, with the payment worker killed in the middle."""

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx
import psycopg
import pytest
import redis

from tests.e2e.system import System, eventually

pytestmark = pytest.mark.serial


def database(system: System) -> psycopg.Connection:
    return psycopg.connect(system.environment["DATABASE_URL"], autocommit=False)


def one(system: System, statement: str, *values: object) -> Any:
    """The first column of the first row, or None."""
    with database(system) as connection:
        row = connection.execute(statement, values).fetchone()  # type: ignore[call-overload]
        return row[0] if row else None


def pay_at_the_gateway(payment_url: str) -> None:
    """What a person's browser does on the bank's page."""
    parts = urlsplit(payment_url)
    answer = httpx.post(parts._replace(query="").geturl(), params=parse_qsl(parts.query), data={"outcome": "pay"}, timeout=30, trust_env=False)
    assert answer.status_code in {200, 302, 303}, answer.text


def test_a_payment_settles_once_although_its_worker_is_killed(system: System) -> None:
    recruiter = system.client("recruiter@demo.com")
    before = recruiter.get("/auth/me/").json()
    package = next(found for found in recruiter.get("/payments/packages/").json()["results"] if found["package_type"] == "CREDIT")
    bought = recruiter.post("/payments/create_payment/", json={"package_id": package["id"]}, headers={"Idempotency-Key": "story-1"}).json()

    with database(system) as holder:
        holder.execute("SELECT id FROM transactions WHERE id = %s FOR UPDATE", [bought["transaction_id"]])
        pay_at_the_gateway(bought["payment_url"])
        running = "SELECT id FROM tasks WHERE name = 'payments.settle' AND state = 'RUNNING'"
        eventually(lambda: one(system, running), seconds=20, what="a claimed settlement")
        system.kill("payments")
        holder.rollback()
    system.start_worker("payments")

    def settled() -> bool:
        return recruiter.get(f"/payments/transactions/{bought['transaction_id']}/").json()["status"] == "SUCCESS"

    eventually(settled, seconds=60, what="the settlement by another worker")
    after = recruiter.get("/auth/me/").json()
    assert after["job_posting_credits"] == before["job_posting_credits"] + package["job_posting_limit"]
    assert one(system, "SELECT attempts FROM tasks WHERE name = 'payments.settle'") == 2
    assert one(system, "SELECT count(*) FROM transactions WHERE status = 'SUCCESS'") == 1
    system.run("flask", "--app", "wsgi", "ledger", "check")


def test_from_posting_to_pdf_to_the_application_that_outlives_its_job(system: System) -> None:
    recruiter, candidate, anybody = system.client("recruiter@demo.com"), system.client("candidate@demo.com"), system.client()
    company = recruiter.get("/companies/", params={"mine": "true"}).json()["results"][0]
    posted = recruiter.post(
        "/jobs/",
        json={
            "title": "Kỹ sư đường ống khí nén",
            "company": company["id"],
            "description": "Thiết kế và bảo trì.",
            "location": "Đà Nẵng",
            "job_type": "FULL_TIME",
            "status": "OPEN",
        },
    )
    assert posted.status_code == 201, posted.text
    job_id = posted.json()["id"]

    def found() -> bool:
        answer = anybody.get("/jobs/search/", params={"q": "ky su duong ong", "location": "da nang"}).json()
        return job_id in [job["id"] for job in answer["results"]]

    eventually(found, seconds=20, what="the new job in the search results")

    resume = candidate.post("/resumes/", json={"title": "Kỹ sư", "summary": "Mười năm kinh nghiệm ở Đà Nẵng."}).json()
    accepted = candidate.post(f"/resumes/{resume['id']}/generate-pdf/")
    assert accepted.status_code == 202, accepted.text
    task_url = f"/tasks/{accepted.json()['task_id']}/"
    eventually(lambda: candidate.get(task_url).json()["status"] == "DONE", seconds=60, what="the rendered PDF")
    pdf = candidate.get(f"/resumes/{resume['id']}/download/")
    assert pdf.content.startswith(b"%PDF-")

    applied = candidate.post("/applications/", json={"job": job_id, "resume": resume["id"], "cover_letter": "Kính gửi quý công ty"})
    assert applied.status_code == 201, applied.text
    assert recruiter.delete(f"/jobs/{job_id}/").status_code == 204
    assert anybody.get(f"/jobs/{job_id}/").status_code == 404

    shown = candidate.get(f"/applications/{applied.json()['id']}/").json()["job"]
    assert (shown["title"], shown["is_deleted"], shown["company"]["name"]) == ("Kỹ sư đường ống khí nén", True, company["name"])
    assert recruiter.get(f"/resumes/{resume['id']}/download/").status_code == 200

    system.run("flask", "--app", "wsgi", "postings", "purge", str(job_id))
    purged = candidate.get(f"/applications/{applied.json()['id']}/").json()["job"]
    assert (purged["title"], purged["is_deleted"], purged["company"]["name"]) == ("[Job Deleted]", True, "N/A")


def test_the_brokers_loss_of_everything_loses_no_work(system: System) -> None:
    candidate = system.client("candidate@demo.com")
    system.kill("pdf")
    resume = candidate.post("/resumes/", json={"title": "Sau khi mất hàng đợi"}).json()
    task_id = candidate.post(f"/resumes/{resume['id']}/generate-pdf/").json()["task_id"]
    eventually(lambda: one(system, "SELECT id FROM tasks WHERE id = %s AND state = 'SENT'", task_id), seconds=20, what="the message")

    with redis.Redis.from_url(system.environment["REDIS_URL"]) as broker:
        broker.flushdb()
    system.start_worker("pdf")

    eventually(lambda: candidate.get(f"/tasks/{task_id}/").json()["status"] == "DONE", seconds=90, what="the PDF after the loss")
