"""Who uses the board during a scenario: pairs of a recruiter and a candidate who applied, made straight in the database."""

from dataclasses import dataclass

from flask import Flask

from app.accounts import sessions
from app.accounts.models import User
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.messaging import service as messaging
from app.payments.models import Package, PackageType
from tests import factories
from tests.factories import ApplicationFactory, CompanyFactory, JobFactory, RecruiterFactory, ResumeFactory

CREDITS = 10
PRICE = 1_500_000


@dataclass(frozen=True)
class Person:
    """A user, signed in."""

    id: int
    token: str


@dataclass(frozen=True)
class Pair:
    """A recruiter with a job, a candidate who applied to it, their conversation, and résumés that were never printed."""

    recruiter: Person
    candidate: Person
    job_id: int
    conversation_id: int
    resume_ids: list[int]


def add_package(app: Flask) -> int:
    """What every purchase buys."""
    with app.app_context(), unit_of_work():
        terms = {"duration_days": 30, "package_type": PackageType.CREDIT, "job_posting_limit": CREDITS}
        package = Package(name="Ten postings", price=PRICE, **terms)
        db.session.add(package)
        db.session.flush()
        return package.id


def add_pairs(app: Flask, number: int, *, resumes: int) -> list[Pair]:
    """So many pairs, each candidate with so many résumés. Nobody has credits, so that the books begin at zero."""
    with app.app_context():
        factories.use(db.session)
        with unit_of_work():
            return [_add_pair(resumes) for _ in range(number)]


def _add_pair(resumes: int) -> Pair:
    recruiter: User = RecruiterFactory(job_posting_credits=0)
    application = ApplicationFactory(job=JobFactory(company=CompanyFactory(owner=recruiter)))
    candidate: User = application.candidate
    conversation = messaging.open_about_application(candidate, application.id).conversation
    drafts = [ResumeFactory(user_id=candidate.id) for _ in range(resumes)]
    return Pair(_signed_in(recruiter), _signed_in(candidate), application.job_id, conversation.id, [draft.id for draft in drafts])


def _signed_in(user: User) -> Person:
    return Person(user.id, sessions.open_session(user).access)
