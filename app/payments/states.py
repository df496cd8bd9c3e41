"""The state machine of a transaction: pure functions over a chain of states.

    PENDING < EXPIRED < FAILED < SUCCESS < REFUNDED

A fact lifts a transaction to its own place in the chain and never lowers it: a success wins whenever it arrives, because the money was
taken, and nothing but a refund follows it. The state is therefore the highest fact that is known, and events that are repeated, late
or in another order end in the same state.
"""

from dataclasses import dataclass

from app.payments.models import Outcome, TransactionStatus, Verdict

CHAIN = (
    TransactionStatus.PENDING,
    TransactionStatus.EXPIRED,
    TransactionStatus.FAILED,
    TransactionStatus.SUCCESS,
    TransactionStatus.REFUNDED,
)
PAID = frozenset({TransactionStatus.SUCCESS, TransactionStatus.REFUNDED})
PROVEN_BY = {
    Outcome.SUCCEEDED: TransactionStatus.SUCCESS,
    Outcome.FAILED: TransactionStatus.FAILED,
    Outcome.EXPIRED: TransactionStatus.EXPIRED,
}


@dataclass(frozen=True)
class Decision:
    """The transaction's next status, what is noted on the event, and whether the purchase is granted now."""

    status: TransactionStatus
    verdict: Verdict
    grants: bool = False


def decide(status: TransactionStatus, paid_by: str | None, outcome: Outcome, transaction_no: str) -> Decision:
    """What an event does. `paid_by` is the gateway's number of the payment that settled the transaction, if one did.

    LATE and CONFLICT (a second payment of a paid order, which is never granted) are for people to look at.
    """
    after = highest(status, PROVEN_BY[outcome])
    if outcome == Outcome.SUCCEEDED:
        if status in PAID:
            return Decision(after, Verdict.DUPLICATE if paid_by == transaction_no else Verdict.CONFLICT)
        return Decision(after, Verdict.APPLIED if status == TransactionStatus.PENDING else Verdict.LATE, grants=True)
    if after != status:
        return Decision(after, Verdict.APPLIED)
    return Decision(after, Verdict.DUPLICATE if status == PROVEN_BY[outcome] else Verdict.IGNORED)


def highest(one: TransactionStatus, other: TransactionStatus) -> TransactionStatus:
    """The one that stands further along the chain."""
    return max(one, other, key=CHAIN.index)
