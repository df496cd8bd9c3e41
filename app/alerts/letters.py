"""The daily mail: everything that is new for one person."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from app.accounts.models import User
from app.alerts.models import AlertDigest, AlertSent
from app.alerts.unsubscribing import address_for
from app.extensions import db
from app.jobs.models import Job
from app.mail.account_letters import person
from app.mail.letters import Letter, link, write
from app.notifications.models import NotificationType
from app.notifications.preferences import Channel, wants
from app.payments.figures import figure
from app.search import pages


@dataclass(frozen=True)
class Offer:
    """A job as the mail shows it. `pay` is empty when the posting states none."""

    title: str
    company: str
    location: str
    pay: str
    address: str


def digest(user_id: int, day: str) -> Letter | None:
    """The digest of an ISO date: the listed jobs that still take applications. None when none is left, or the person wants no such mail now."""
    user, digest_row = db.session.get(User, user_id), db.session.get(AlertDigest, (user_id, date.fromisoformat(day)))
    if user is None or digest_row is None or not _is_wanted(user):
        return None
    listed = select(AlertSent.job_id).where(AlertSent.user_id == user_id, AlertSent.day == digest_row.day)
    jobs = [job for job, _ in pages.load_public(db.session.scalars(listed).all())]
    if not jobs:
        return None
    offers = [_offer(job) for job in sorted(jobs, key=lambda job: (job.published_at or job.created_at, job.id), reverse=True)]
    leave = address_for(user_id)
    values = {
        "offers": offers,
        "first": offers[0],
        "more": max(0, digest_row.found - len(offers)),
        "address": link("/jobs"),
        "settings_address": link("/job-alerts"),
        "unsubscribe_address": leave,
    }
    return write("job_digest", person(user), values, unsubscribe=leave)


def _is_wanted(user: User) -> bool:
    return user.is_active and user.job_alerts_enabled and bool(wants([user.id], NotificationType.JOB_MATCH, Channel.DIGEST))


def _offer(job: Job) -> Offer:
    place = f"{job.location} · Remote" if job.is_remote else job.location
    return Offer(job.title, job.company.name, place, _pay(job), link(f"/jobs/{job.slug}"))


def _pay(job: Job) -> str:
    amounts = [figure(amount, job.currency) for amount in (job.salary_min, job.salary_max) if amount is not None]
    return " – ".join(dict.fromkeys(amounts))
