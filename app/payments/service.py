"""Packages on sale, purchases, and credits: what routes and other features call."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select

from app.accounts import audit
from app.accounts import service as accounts
from app.accounts.errors import NotARecruiter
from app.accounts.models import User
from app.core.auth import Role
from app.core.clock import now
from app.core.pagination import ListQuery, paginate
from app.extensions import db
from app.payments import ledger
from app.payments.checkout import order_of
from app.payments.errors import NoSuchCredits, PackageNotFound, TransactionNotFound
from app.payments.ledger import CREDIT, Account, Kind
from app.payments.models import CreditGrant, Package, Transaction, TransactionStatus
from app.payments.providers.registry import gateway_of, provider_of

PACKAGE_ORDERINGS = {"price": Package.price, "name": Package.name, "created_at": Package.created_at}
# The audit log says by this word what each opening cost; the nightly check compares.
POSTING_CHARGED = "posting.charged"
TRANSACTION_ORDERINGS = {"created_at": Transaction.created_at, "amount": Transaction.amount}


def list_packages(query: ListQuery) -> tuple[Sequence[Package], int]:
    """A page of what is on sale."""
    return paginate(select(Package).where(Package.is_active), query, orderings=PACKAGE_ORDERINGS, tie=Package.id)


def create_payment(user: User, package_id: int, address: str) -> Transaction:
    """Start a purchase of an active package by the buyer at `address`. Raises PackageNotFound, PackageNotPayable.

    The payment's address is empty while the gateway has still to be asked for it: see `checkout`.
    """
    package = db.session.scalar(select(Package).where(Package.id == package_id, Package.is_active))
    if package is None:
        raise PackageNotFound
    gateway = gateway_of(provider_of(package))
    created_at = now()
    expires_at = created_at + timedelta(seconds=current_app.config["PAYMENT_WINDOW_SECONDS"])
    transaction = Transaction(
        transaction_code=_new_code(),
        user_id=user.id,
        package_id=package.id,
        package=package.snapshot(),
        amount=package.price,
        currency=package.currency,
        provider=gateway.provider,
        payment_url="",
        created_at=created_at,
        expires_at=expires_at,
    )
    if not gateway.calls_out:
        transaction.payment_url = gateway.create(order_of(transaction, address)).payment_url
    db.session.add(transaction)
    db.session.flush()
    price: dict[str, Any] = {"amount": transaction.amount, "currency": transaction.currency, "package_id": package.id}
    audit.record("payment.created", actor_id=user.id, subject_type="transaction", subject_id=transaction.id, address=address, **price)
    return transaction


def list_transactions(user_id: int, query: ListQuery, status: TransactionStatus | None) -> tuple[Sequence[Transaction], int]:
    """A page of a user's own transactions."""
    statement = select(Transaction).where(Transaction.user_id == user_id)
    if status is not None:
        statement = statement.where(Transaction.status == status)
    return paginate(statement, query, orderings=TRANSACTION_ORDERINGS, tie=Transaction.id)


def get_transaction(user_id: int, transaction_id: int) -> Transaction:
    """A user's own transaction. Raises TransactionNotFound."""
    found = db.session.scalar(select(Transaction).where(Transaction.id == transaction_id, Transaction.user_id == user_id))
    if found is None:
        raise TransactionNotFound
    return found


def find_by_code(code: str) -> Transaction | None:
    """The transaction of that code, whoever's it is: for the gateway's messages only. Anything but letters and digits is nobody's."""
    if not code.isalnum():
        return None
    return db.session.scalar(select(Transaction).where(Transaction.transaction_code == code))


def grant_credits(user_id: int, credits: int, reason: str, *, actor_id: int | None) -> User:
    """Give a recruiter posting credits, or take some when negative. Raises UserNotFound, NotARecruiter, NoSuchCredits.

    `actor_id` is None for the system and its operators' commands.
    """
    user = accounts.get_user(user_id, for_update=True)
    if user.user_type != Role.RECRUITER:
        raise NotARecruiter
    if credits == 0 or user.job_posting_credits + credits < 0:
        raise NoSuchCredits(user.job_posting_credits)
    user.job_posting_credits += credits
    grant = CreditGrant(user_id=user.id, credits=credits, reason=reason, granted_by=actor_id)
    db.session.add(grant)
    db.session.flush()
    entries = ledger.transfer(Account.CREDITS_ISSUED, Account.CREDITS_OWED, credits, CREDIT, user_id=user.id)
    ledger.book(f"credit_grant:{grant.id}", Kind.GRANT, entries)
    audit.record("credits.granted", actor_id=actor_id, subject_type="user", subject_id=user.id, credits=credits, reason=reason)
    return user


def record_posting(owner_id: int, job_id: int, credits: int) -> None:
    """Book the credits that opening a job cost, in the transaction that took them from the owner's row.

    A job is paid once: booking it again raises IntegrityError.
    """
    entries = ledger.transfer(Account.CREDITS_OWED, Account.CREDITS_USED, credits, CREDIT, user_id=owner_id)
    ledger.book(f"job:{job_id}", Kind.POSTING, entries)
    audit.record(POSTING_CHARGED, actor_id=owner_id, subject_type="job", subject_id=job_id, user_id=owner_id, credits=credits)


def _new_code() -> str:
    """The order's number at the gateway: letters and digits only, unique, not to be guessed."""
    return f"JB{now():%y%m%d}{secrets.token_hex(8).upper()}"
