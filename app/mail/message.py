"""Letters as RFC 5322 messages: UTF-8 headers, seven-bit bodies, one fixed id per task."""

import re
from datetime import datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from email_validator import EmailNotValidError, validate_email

from app.mail.errors import MailRefused
from app.mail.letters import CalendarPart, Letter, Person, one_line
from app.mail.message_ids import message_id

# Of a line's 78 characters, without the longest name of a header that holds an address.
LONGEST_UNFOLDED = 78 - len("Reply-To: ")
# What has a meaning between the words of a mailbox (RFC 5322, 3.2.3).
_SPECIALS = re.compile(r'[()<>\[\]:;@\\,."]')


def sender_of(mail_from: str) -> Person:
    """The sender that MAIL_FROM names."""
    return Person(*parseaddr(mail_from))


def domain_of(person: Person) -> str:
    """The part of the address after the @."""
    return person.address.rpartition("@")[2]


def compose(letter: Letter, *, sender: Person, task_id: int, date: datetime) -> EmailMessage:
    """The message of `letter`. A retry of `task_id` makes the same Message-ID, by which mailboxes recognise a double.

    Raises MailRefused for an address that no header can hold.
    """
    message = EmailMessage(policy=SMTP)
    message["From"] = _mailbox(sender)
    message["To"] = _mailbox(letter.to)
    if letter.reply_to is not None and (_is_plain(letter.reply_to) or not _is_plain(letter.to)):
        # Among headers in ASCII its local part would become an encoded word, which no address may be (RFC 2047, 5): answers would go nowhere.
        message["Reply-To"] = _mailbox(letter.reply_to)
    message["Subject"] = one_line(letter.subject)
    message["Date"] = format_datetime(date)
    message["Message-ID"] = message_id(task_id, letter.to.address, domain_of(sender))
    # RFC 3834: out-of-office programs do not answer machines.
    message["Auto-Submitted"] = "auto-generated"
    if letter.unsubscribe:
        # RFC 8058: a mail program may post to this address when its user says so, without opening it.
        message["List-Unsubscribe"] = f"<{letter.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    if letter.calendar is not None:
        _attach_calendar(message, letter.calendar)
    for file in letter.attachments:
        maintype, _, subtype = file.content_type.partition("/")
        message.add_attachment(file.content, maintype=maintype, subtype=subtype, filename=file.name)
    # Last, because attaching moves Content headers into the first part.
    message["Content-Language"] = "vi, en"
    return message


def _is_plain(person: Person) -> bool:
    """Whether the address needs no server with SMTPUTF8 (RFC 6531); one that does has all headers in UTF-8."""
    return person.address.rpartition("@")[0].isascii()


def _attach_calendar(message: EmailMessage, calendar: CalendarPart) -> None:
    """Both as an alternative, which mail programs show with buttons, and as a file, for those that know attachments only (RFC 6047)."""
    text = calendar.content.decode()
    message.add_alternative(text, subtype="calendar", cte="base64", params={"method": calendar.method})
    message.add_attachment(calendar.content, maintype="application", subtype="ics", filename="invite.ics")


def _mailbox(person: Person) -> Address:
    name = one_line(person.name)
    mailbox = _address(name, person)
    if len(str(mailbox)) > LONGEST_UNFOLDED:
        # Where Python folds a line it forgets the quotes: what stood within them would be read as more addresses. Plain words need no quotes.
        mailbox = _address(one_line(_SPECIALS.sub(" ", name)), person)
    return mailbox


def _address(name: str, person: Person) -> Address:
    try:
        if person.address.isascii():
            return Address(name, addr_spec=person.address)
        # The domain has an ASCII form; a local part beyond ASCII needs a server with SMTPUTF8 (RFC 6531), as sending will find out.
        international = validate_email(person.address, check_deliverability=False)
        return Address(name, international.local_part, international.ascii_domain)
    except (ValueError, IndexError, MessageError, EmailNotValidError) as error:
        raise MailRefused(f"{person.address!r} is not an address that a mail can be sent to.") from error
