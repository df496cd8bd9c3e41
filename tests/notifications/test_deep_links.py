"""Where notifications lead: each link stands for something that its reader may open, and nobody else."""

import re
from collections.abc import Callable
from datetime import timedelta

from flask.testing import FlaskClient
from sqlalchemy import select

from app.accounts.models import User
from app.applications import interviews
from app.core.clock import now
from app.core.outbox import Task
from app.extensions import db
from app.notifications.service import News, deliver
from tests.factories import ApplicationFactory, CandidateFactory
from tests.sources import ROOT

SignIn = Callable[[User], FlaskClient]
# Pages of the front end, and what the API answers for them.
PAGES = {
    "/applications/{}": "/api/v1/applications/{}/",
    "/chats/{}": "/api/v1/chats/conversations/{}/",
    "/payments/{}": "/api/v1/payments/transactions/{}/",
    "/resumes/{}": "/api/v1/resumes/{}/",
    "/job-alerts": "/api/v1/job-alerts/",
}


def test_links_lead_to_known_pages_only() -> None:
    written = re.compile(r"link=f?\"(/[^\"?]*)")

    found = {re.sub(r"\{[^}]*\}", "{}", link) for path in (ROOT / "app").rglob("*.py") for link in written.findall(path.read_text("utf-8"))}

    assert found == set(PAGES)


def test_the_reader_can_open_what_a_notification_links_to_and_a_stranger_cannot(sign_in: SignIn) -> None:
    application = ApplicationFactory()
    candidate, recruiter = application.candidate, application.company.owner
    interviews.schedule(recruiter, application.id, {"interview_date": now() + timedelta(days=2)})
    chat = sign_in(candidate).post("/api/v1/chats/conversations/", json={"application_id": application.id, "message": "Xin chào"}).json["id"]
    for args in db.session.scalars(select(Task.args).where(Task.name == "notifications.deliver")):
        deliver(News(**args))
    db.session.commit()

    opened = set()
    for reader, stranger in ((candidate, CandidateFactory()), (recruiter, CandidateFactory())):
        for notification in sign_in(reader).get("/api/v1/notifications/").json["results"]:
            page, number = re.fullmatch(r"(/[a-z]+/)(\d+)", notification["link"]).groups()  # type: ignore[union-attr]
            address = PAGES[f"{page}{{}}"].format(number)
            assert (sign_in(reader).get(address).status_code, sign_in(stranger).get(address).status_code) == (200, 404)
            opened.add(notification["link"])

    assert opened == {f"/applications/{application.id}", f"/chats/{chat}"}
