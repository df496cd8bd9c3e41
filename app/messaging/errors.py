"""What can go wrong between two people."""

from app.core.problems import Conflict, Forbidden, Invalid, NotFound


class ConversationNotFound(NotFound):
    code, detail = "conversation_not_found", "There is no such conversation of yours."


class NoSuchPartner(Invalid):
    """The partner is not someone whom this user may write to: there is no application between them."""

    code = "no_such_partner"

    def __init__(self, field: str) -> None:
        super().__init__({field: "You can write to the other side of an application only."})


class Blocked(Forbidden):
    code, detail = "blocked", "One of you has blocked the other."


class CannotBlockYourself(Conflict):
    code, detail = "cannot_block_yourself", "You cannot block yourself."
