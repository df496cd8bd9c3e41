"""Mail on the default queue: claim, call, record.

The claim is committed before the mail server is called, no transaction is open during the call, and what followed is recorded after it. A
worker that dies in between sends the same Message-ID once more. A server that is away, or takes nothing from us yet, is asked again for days.
"""

import random
from datetime import timedelta

import structlog

from app.alerts import letters as alert_letters
from app.applications import letters as application_letters
from app.core import leases
from app.core.clock import now
from app.extensions import db
from app.mail import account_letters, bounces, transport
from app.mail.bounces import Source
from app.mail.errors import AddressDead, MailDelayed, MailRefused
from app.mail.letters import Letter
from app.mail.message import compose, sender_of
from app.payments.receipts import letters as receipt_letters
from app.resumes import letters as resume_letters
from tasks.base import ClaimedTask, DurableTask, Permanent, PutOff, Transient, celery, settings

log = structlog.get_logger()

TIME_LIMIT = 120

# A mail waits as long again as it has waited already, in these bounds, and is given up after some days (RFC 5321, 4.5.4.1).
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=30)
PATIENCE = timedelta(days=4)


@celery.task(name="mail.verify_email", base=DurableTask, time_limit=TIME_LIMIT)
def verify_email(task: ClaimedTask) -> None:
    """Send the link that confirms an address."""
    send(task, account_letters.verification(task.args["user_id"]))


@celery.task(name="mail.password_reset", base=DurableTask, time_limit=TIME_LIMIT)
def password_reset(task: ClaimedTask) -> None:
    """Send the link that sets a new password."""
    send(task, account_letters.password_reset(task.args["user_id"]))


@celery.task(name="mail.recruiter_pending", base=DurableTask, time_limit=TIME_LIMIT)
def recruiter_pending(task: ClaimedTask) -> None:
    """Tell a recruiter that the account waits for approval."""
    send(task, account_letters.recruiter_pending(task.args["user_id"]))


@celery.task(name="mail.recruiter_approved", base=DurableTask, time_limit=TIME_LIMIT)
def recruiter_approved(task: ClaimedTask) -> None:
    """Tell a recruiter that the account is open."""
    send(task, account_letters.recruiter_approved(task.args["user_id"]))


@celery.task(name="mail.application_received", base=DurableTask, time_limit=TIME_LIMIT)
def application_received(task: ClaimedTask) -> None:
    """Tell the recruiter that somebody has applied."""
    send(task, application_letters.received(task.args["application_id"]))


@celery.task(name="mail.application_status", base=DurableTask, time_limit=TIME_LIMIT)
def application_status(task: ClaimedTask) -> None:
    """Tell the other side about one change of status."""
    send(task, application_letters.status_changed(task.args["event_id"]))


@celery.task(name="mail.interview_invitation", base=DurableTask, time_limit=TIME_LIMIT)
def interview_invitation(task: ClaimedTask) -> None:
    """Send the calendar event of an interview: set, moved or cancelled."""
    send(task, application_letters.invitation(task.args["interview_id"], task.args["sequence"]))


@celery.task(name="mail.interview_reminder", base=DurableTask, time_limit=TIME_LIMIT)
def interview_reminder(task: ClaimedTask) -> None:
    """Remind the candidate, once, an hour before; whoever wants no mail is still notified."""
    version = (task.args["interview_id"], task.args["sequence"])
    if application_letters.is_reminder_due(*version):
        send(task, application_letters.reminder(*version), is_urgent=True)
        application_letters.mark_reminded(*version)


@celery.task(name="mail.receipt", base=DurableTask, time_limit=TIME_LIMIT)
def receipt(task: ClaimedTask) -> None:
    """Send a receipt or credit note to the buyer."""
    send(task, receipt_letters.receipt_ready(task.args["receipt_id"]))


@celery.task(name="mail.resume_ready", base=DurableTask, time_limit=TIME_LIMIT)
def resume_ready(task: ClaimedTask) -> None:
    """Tell a candidate that the PDF can be downloaded."""
    send(task, resume_letters.pdf_ready(task.args["resume_id"]))


@celery.task(name="mail.job_digest", base=DurableTask, time_limit=TIME_LIMIT)
def job_digest(task: ClaimedTask) -> None:
    """Send a person the new jobs of a day, all saved searches in one mail."""
    send(task, alert_letters.digest(task.args["user_id"], task.args["day"]))


def send(task: ClaimedTask, letter: Letter | None, *, is_urgent: bool = False) -> None:
    """Deliver `letter`, if there is still something to say to an address that exists. Raises PutOff, Permanent.

    Raises Transient instead of PutOff for one that `is_urgent`: it is of no use hours later, and dies after the usual attempts.
    """
    is_withheld = letter is not None and not letter.asked_for and bounces.is_noted(letter.to.address)
    # The letter is written: its read transaction must not stay open while a mail server takes its time.
    db.session.rollback()
    if letter is None:
        return
    if is_withheld:
        log.info("mail_withheld", task_id=task.id)
        return
    try:
        transport.deliver(compose(letter, sender=sender_of(settings.mail_from), task_id=task.id, date=now()))
    except MailDelayed as error:
        raise Transient(str(error)) if is_urgent else _later(task, str(error)) from error
    except AddressDead as error:
        # The task has an outcome, which commits together with its end: there is nothing here for an operator to try again.
        log.warning("mail_bounced", task_id=task.id, error=str(error))
        bounces.note(letter.to.address, str(error), Source.REPLY, task.id)
    except MailRefused as error:
        raise Permanent(str(error)) from error


def _later(task: ClaimedTask, reason: str) -> PutOff | Permanent:
    """The next attempt, with a jitter so that an outage's mails do not return in step; none any more when patience is at its end."""
    waited = leases.age(task)
    if waited > PATIENCE:
        return Permanent(reason)
    return PutOff(reason, min(max(waited, FIRST_PAUSE), LONGEST_PAUSE) * random.uniform(0.75, 1.25))
