"""Writing the audit log, in the transaction of the change it records."""

from typing import Any

from flask import has_request_context, request

from app.accounts.models import AuditEntry
from app.core.request_id import current_request_id
from app.extensions import db


def record(
    action: str,
    *,
    actor_id: int | None,
    subject_type: str,
    subject_id: int,
    address: str | None = None,
    request_id: str | None = None,
    **data: Any,
) -> None:
    """Note who did what to which row, from where, in which request.

    `actor_id` is None for the system and its operators' commands. `address` and `request_id` are those of the request being served,
    unless a task names the ones that caused the change.
    """
    db.session.add(
        AuditEntry(
            action=action,
            actor_id=actor_id,
            subject_type=subject_type,
            subject_id=subject_id,
            data=data,
            address=address or (request.remote_addr if has_request_context() else None),
            request_id=request_id or current_request_id(),
        )
    )
