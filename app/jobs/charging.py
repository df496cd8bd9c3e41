"""What the first opening of a posting costs its company's owner."""

from flask import current_app

from app.accounts import service as accounts
from app.accounts.models import User
from app.core.clock import now
from app.jobs.errors import MembershipExpired, NoCredits
from app.jobs.models import Job
from app.payments import service as payments


def charge(owner: User, job: Job) -> None:
    """Take the posting's credits in the open transaction, under a lock on the owner's row.

    A membership that has ended stops posting even with credits left, until it is renewed (`membership_expired`). Without one, credits that
    were granted serve. A live membership with unlimited posting costs nothing. Raises MembershipExpired, NoCredits.
    """
    cost: int = current_app.config["JOB_POSTING_CREDIT_COST"]
    if cost == 0:
        return
    payer = accounts.get_user(owner.id, for_update=True)
    ends_at = payer.membership_expires_at
    if ends_at is not None and ends_at <= now():
        raise MembershipExpired
    if payer.has_unlimited_posting and ends_at is not None:
        return
    if payer.job_posting_credits < cost:
        raise NoCredits
    payer.job_posting_credits -= cost
    payments.record_posting(payer.id, job.id, cost)
