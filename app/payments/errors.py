"""What can go wrong with a payment."""

from app.core.problems import BadRequest, Conflict, Invalid, NotFound, TooLarge, Unavailable


class PackageNotFound(NotFound):
    code, detail = "package_not_found", "There is no such package on sale."


class PackageNotPayable(Conflict):
    code, detail = "package_not_payable", "The payment gateway does not take this package's currency."


class GatewayAway(Unavailable):
    code, detail = "gateway_away", "The payment gateway does not answer. Nothing was charged; please try again shortly."


class TransactionNotFound(NotFound):
    code, detail = "transaction_not_found", "You have no such transaction."


class NotRefundable(Conflict):
    code, detail = "not_refundable", "Only a transaction that was paid can be refunded."


class RefundTooLarge(Invalid):
    code = "refund_too_large"

    def __init__(self, remaining: int) -> None:
        super().__init__({"amount": f"At most {remaining} can still be refunded."})


class DifferenceNotFound(NotFound):
    code, detail = "difference_not_found", "There is no such open difference."


class RefundNotFound(NotFound):
    code, detail = "refund_not_found", "There is no such refund."


class StatementUnreadable(Invalid):
    """`flaws` are sentences, one per flaw."""

    code = "statement_unreadable"

    def __init__(self, flaws: list[str]) -> None:
        self.flaws = flaws
        super().__init__({"file": flaws})


class NoSuchCredits(Invalid):
    code = "no_such_credits"

    def __init__(self, balance: int) -> None:
        super().__init__({"credits": f"The user has {balance} credits; no more can be taken."})


class BadSignature(BadRequest):
    code, detail = "bad_signature", "The gateway's signature does not match; nothing was looked up."


class OversizedNotice(TooLarge):
    code, detail = "oversized_notice", "This is larger than any message of the gateway."
