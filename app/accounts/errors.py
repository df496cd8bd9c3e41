"""What can go wrong with an account."""

from app.core.problems import Conflict, Forbidden, Invalid, NotFound, Unauthorized


class EmailTaken(Invalid):
    code = "email_taken"

    def __init__(self) -> None:
        super().__init__({"email": "An account with this e-mail address exists already."})


class WrongCredentials(Unauthorized):
    code, detail = "wrong_credentials", "The e-mail address or the password is wrong."


class AccountPending(Forbidden):
    code, detail = "account_pending", "This recruiter account waits for approval."


class AccountDeactivated(Forbidden):
    code, detail = "account_deactivated", "This account has been deactivated."


class RefreshRefused(Unauthorized):
    code, detail = "refresh_refused", "The refresh token is not valid, has expired or was used already. Sign in again."


class LinkExpired(Invalid):
    code = "link_expired"

    def __init__(self) -> None:
        super().__init__({"token": "This link is not valid any more. Ask for a new one."})


class UserNotFound(NotFound):
    code, detail = "user_not_found", "There is no such user."


class NotARecruiter(Conflict):
    code, detail = "not_a_recruiter", "Only recruiter accounts are approved and hold posting credits."
