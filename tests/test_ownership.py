"""The ownership matrix, generated: every route whose address names a row, called by people whose row it is not.

A stranger of each role that the route admits gets a 404, as if the row did not exist, and changes nothing; whoever owns it gets through,
which shows that the row was there. A new route fails here until it is known what its number means.
"""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import text

from app.accounts.models import User
from app.alerts import service as alerts
from app.alerts.models import Frequency
from app.applications import interviews
from app.applications.cv_exports.models import CvExport, CvExportPart
from app.applications.models import Application
from app.core.clock import now
from app.core.outbox import enqueue
from app.core.storage import save
from app.core.uploads import Upload
from app.extensions import db
from app.jobs.models import SavedJob
from app.messaging import service as chats
from app.notifications import service as notifications
from app.notifications.models import NotificationType
from app.payments.receipts import issuing
from app.payments.receipts import service as receipts
from app.resumes.models import Resume
from tests.factories import ApplicationFactory, CandidateFactory, CompanyFactory, JobFactory, ResumeFactory
from tests.payments.receipt_builders import paid, refunded
from tests.test_access import RULES

SignIn = Callable[[User], FlaskClient]

# Routes whose number names nobody's row: another person, whom anybody may block and forget to block.
OF_NOBODY = {("DELETE", "/api/v1/chats/blocks/<int:user_id>/")}
BODIES = {"messages": {"message": "Xin chào"}}
# What a request of a stranger leaves behind without touching anybody's rows: its own sign-in.
NOT_COMPARED = {"token_families", "refresh_tokens"}
PDF = b"%PDF-1.7\n%%EOF"
ROLES = ("candidate", "recruiter")


def guarded_routes() -> Iterator[tuple[str, str, str]]:
    """Method, rule and role of every call to try: rows of one's own are the business of candidates and recruiters."""
    for method, rule, policy in RULES:
        if "<int:" in rule and (method, rule) not in OF_NOBODY:
            yield from ((method, rule, role) for role in ROLES if policy == "signed in" or role in policy.split(", "))


CALLS = sorted(guarded_routes())


@pytest.fixture
def application(app: APIFlask) -> Application:
    """An application with everything that hangs on it: CV, résumé with a photo, bookmark."""
    candidate = CandidateFactory()
    photo = _file(candidate, "photos", "image/png")
    resume: Resume = ResumeFactory(user_id=candidate.id, photo_id=photo)
    made: Application = ApplicationFactory(candidate=candidate, resume=resume, cv_file_id=_file(candidate, "cvs", "application/pdf"))
    return made


@pytest.fixture
def rows(application: Application) -> dict[str, int]:
    """The id of a row by the name under which addresses hold it."""
    candidate, owner = application.candidate, application.company.owner
    saved = SavedJob(candidate_id=candidate.id, job_id=application.job_id)
    db.session.add(saved)
    when = {"interview_date": now() + timedelta(days=2)}
    talk = chats.open_about_application(candidate, application.id).conversation
    message = chats.post_message(candidate, talk, "Xin chào", Upload("cv.pdf", "application/pdf", PDF))
    told = notifications.deliver(notifications.News(candidate.id, NotificationType.JOB_MATCH, "Việc mới", "Kỹ sư"))
    return {
        "application_id": application.id,
        "interview_id": interviews.schedule(owner, application.id, when).id,
        "conversation_id": talk.id,
        "message_id": message.id,
        "notification_id": told.id,
        "company_id": application.company_id,
        "job_id": application.job_id or 0,
        "saved_id": saved.id,
        "resume_id": application.resume_id or 0,
        "task_id": enqueue("pdf.render", {"resume_id": application.resume_id}, owner_id=candidate.id),
        "export_id": _exported(application),
        "alert_id": alerts.create(candidate, "kỹ sư", {}, Frequency.DAILY)[0].id,
        **_paid_rows(owner),
    }


def _exported(application: Application) -> int:
    """A finished export of the job's CVs."""
    part = save(PDF, folder="cv-exports", name="part-1.zip", content_type="application/zip", owner_id=application.company.owner_id)
    facts = {"job_id": application.job_id, "company_id": application.company_id, "requested_by": application.company.owner_id}
    export = CvExport(**facts, title="Kỹ sư", last_application_id=application.id, total=1, finished_at=now())
    db.session.add(export)
    db.session.flush()
    db.session.add(CvExportPart(export_id=export.id, number=1, file_id=part.id, entries=[], lines=[]))
    db.session.flush()
    return export.id


def _paid_rows(owner: User) -> dict[str, int]:
    [transaction_id] = paid(1)
    db.session.execute(text("UPDATE transactions SET user_id = :owner WHERE id = :id"), {"owner": owner.id, "id": transaction_id})
    note = issuing.issue_credit_note(refunded(transaction_id))
    for document in (issuing.issue_receipt(transaction_id), note):
        receipts.keep_pdf(document.id, PDF)
    return {"transaction_id": transaction_id, "receipt_id": note.id}


def _file(owner: User, folder: str, content_type: str) -> int:
    return save(PDF, folder=folder, name="file", content_type=content_type, owner_id=owner.id).id


def _address(rule: str, rows: dict[str, int]) -> str:
    """The route's address with the id of the row that it names."""
    return re.sub(r"<int:(\w+)>", lambda found: str(rows[found[1]]), rule)


def _contents() -> dict[str, str]:
    """A digest of each table."""
    tables = sorted(set(db.metadata.tables) - NOT_COMPARED)
    digests = " UNION ALL ".join(f"SELECT '{name}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {name} t" for name in tables)
    return dict(db.session.execute(text(digests)).all())


@pytest.mark.parametrize(("method", "rule", "role"), CALLS, ids=[" ".join(call) for call in CALLS])
def test_a_strangers_row_does_not_exist(application: Application, rows: dict[str, int], sign_in: SignIn, method: str, rule: str, role: str) -> None:
    address = _address(rule, rows)
    body: dict[str, Any] = {"json": BODIES.get(rule.rstrip("/").rsplit("/", 1)[-1], {})} if method != "GET" else {}
    stranger = CandidateFactory() if role == "candidate" else JobFactory(company=CompanyFactory()).company.owner
    caller, owners = sign_in(stranger), [sign_in(application.candidate), sign_in(application.company.owner)]
    before = _contents()

    answer = caller.open(address, method=method, **body)

    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert _contents() == before
    assert {owner.open(address, method=method, **body).status_code for owner in owners} - {403, 404} != set()
