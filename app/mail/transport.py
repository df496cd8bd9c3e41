"""Where a message goes: to the SMTP server of SMTP_URL, or, without one, into the folder MAIL_FOLDER as an `.eml` file."""

import os
import tempfile
from email.message import EmailMessage
from pathlib import Path

import structlog
from flask import current_app

from app.mail import smtp

log = structlog.get_logger()


def deliver(message: EmailMessage) -> None:
    """Hand the message over. Raises MailDelayed, MailRefused, AddressDead."""
    url = current_app.config["SMTP_URL"]
    if url:
        smtp.send(message, smtp.parse_url(url))
        log.info("mail_sent", message_id=message["Message-ID"])
        return
    path = save(message, Path(current_app.config["MAIL_FOLDER"]))
    log.info("mail_saved", message_id=message["Message-ID"], path=str(path))


def save(message: EmailMessage, folder: Path) -> Path:
    """Write the message as `<id>.eml`, whole or not at all. Mails hold reset links: only the owner of the folder may read them."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"{message['Message-ID'].strip('<>').partition('@')[0]}.eml"
    handle, temporary = tempfile.mkstemp(dir=folder, suffix=".part")
    with os.fdopen(handle, "wb") as file:
        file.write(message.as_bytes())
    return Path(temporary).replace(path)
