"""Mail on the default queue: claim, call, record.

The claim is committed before the mail server is called, no transaction is open during the call, and what followed is recorded after it. A
worker that dies in between sends the same Message-ID once more.
"""

from app.applications import letters as application_letters
from app.core.clock import now
from app.extensions import db
from app.mail import account_letters, transport
from app.mail.errors import MailDelayed, MailRefused
from app.mail.letters import Letter
from app.mail.message import compose, sender_of
from app.payments.receipts import letters as receipt_letters
from tasks.base import ClaimedTask, DurableTask, Permanent, Transient, celery, settings

TIME_LIMIT = 120


@celery.task(name="mail.verify_email", base=DurableTask, time_limit=TIME_LIMIT)
def verify_email(task: ClaimedTask) -> None:
    """Send the link that confirms an address."""
    send(task, account_letters.verification(task.args["user_id"]))


@celery.task(name="mail.password_reset", base=DurableTask, time_limit=TIME_LIMIT)
def password_reset(task: ClaimedTask) -> None:
    """Send the link that sets a new password."""
    send(task, account_letters.password_reset(task.args["user_id"]))


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
        send(task, application_letters.reminder(*version))
        application_letters.mark_reminded(*version)


@celery.task(name="mail.receipt", base=DurableTask, time_limit=TIME_LIMIT)
def receipt(task: ClaimedTask) -> None:
    """Send a receipt or credit note to the buyer."""
    send(task, receipt_letters.receipt_ready(task.args["receipt_id"]))


def send(task: ClaimedTask, letter: Letter | None) -> None:
    """Deliver `letter`, if there is still something to say. Raises Transient, Permanent."""
    # The letter is written: its read transaction must not stay open while a mail server takes its time.
    db.session.rollback()
    if letter is None:
        return
    try:
        transport.deliver(compose(letter, sender=sender_of(settings.mail_from), task_id=task.id, date=now()))
    except MailDelayed as error:
        raise Transient(str(error)) from error
    except MailRefused as error:
        raise Permanent(str(error)) from error
