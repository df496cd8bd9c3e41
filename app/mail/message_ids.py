"""The Message-ID of a task's mail: the same on every attempt, and signed, so that a delivery report proves which mail of ours it is about."""

import hashlib
import hmac
import re

from flask import current_app

_SHAPE = re.compile(r"<task-([0-9]{1,18})\.([0-9a-f]{20})@[^<>\s]+>")


def message_id(task_id: int, recipient: str, domain: str) -> str:
    """The id of the mail of a task to that address."""
    return f"<task-{task_id}.{_mark(task_id, recipient)}@{domain}>"


def task_of(text: str, recipient: str) -> int | None:
    """The task whose mail to `recipient` has the id in `text`; None for a mail that we did not send to that address."""
    found = _SHAPE.search(text)
    if found is None or not hmac.compare_digest(found[2], _mark(int(found[1]), recipient)):
        return None
    return int(found[1])


def _mark(task_id: int, recipient: str) -> str:
    key = f"mail.message-id:{current_app.config['SECRET_KEY']}".encode()
    return hmac.new(key, f"{task_id}:{recipient.lower()}".encode(), hashlib.sha256).hexdigest()[:20]
