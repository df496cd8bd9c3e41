"""How a delivery can fail. Not problems of a request: mail is sent by workers only."""


class MailDelayed(Exception):
    """The server is away, busy or wrongly set up: the same message may be taken later."""


class MailRefused(Exception):
    """The server will never take this message for this recipient."""


class AddressDead(MailRefused):
    """The server says that there is no such address: not only this message is refused."""
