"""What the account routes take and give."""

from datetime import datetime
from typing import Annotated, Literal

from apiflask.fields import UploadFile
from flask import current_app
from pydantic import Field, field_validator

from app.accounts.models import User
from app.core.auth import Role
from app.core.schemas import Email, Id, InModel, Line, OptionalLine, OutModel, Whole

Password = Annotated[str, Field(max_length=128)]
Phone = Annotated[str, Field(max_length=32, pattern=r"^[0-9+() .\-]*$")]


def check_new_password(value: str) -> str:
    """A new password has the configured length at least."""
    least: int = current_app.config["PASSWORD_MIN_LENGTH"]
    if len(value) < least:
        raise ValueError(f"The password needs at least {least} characters.")
    return value


class Register(InModel):
    email: Email
    password: Password
    full_name: Line
    user_type: Literal[Role.CANDIDATE, Role.RECRUITER]
    phone_number: Phone | None = None

    _new_password = field_validator("password")(check_new_password)


class Login(InModel):
    email: Annotated[str, Field(max_length=254)]
    password: Password


class Refresh(InModel):
    refresh: Annotated[str, Field(max_length=512)] | None = None


class ProfilePatch(InModel):
    full_name: Line | None = None
    phone_number: Phone | None = None
    avatar: UploadFile | None = None
    desired_job_title: OptionalLine | None = None
    desired_location: OptionalLine | None = None
    job_alerts_enabled: bool | None = None


class PasswordChange(InModel):
    old_password: Password
    new_password: Password

    _new_password = field_validator("new_password")(check_new_password)


class PasswordForgot(InModel):
    email: Annotated[str, Field(max_length=254)]


class PasswordReset(InModel):
    token: Annotated[str, Field(max_length=1024)]
    password: Password

    _new_password = field_validator("password")(check_new_password)


class EmailVerification(InModel):
    token: Annotated[str, Field(max_length=1024)]


class CreditGrant(InModel):
    credits: Annotated[Whole, Field(ge=-100_000, le=100_000)]
    reason: Line


class UserCard(OutModel):
    """A user inside someone else's answer: nothing private."""

    id: int
    full_name: str
    avatar: str | None
    user_type: Role


class Registered(OutModel):
    id: int
    email: str
    full_name: str
    user_type: Role
    phone_number: str | None
    is_active: bool


class TokenPair(OutModel):
    access: str
    refresh: str


class LoggedIn(TokenPair):
    id: Id
    user_id: Id
    email: str
    full_name: str
    user_type: Role
    avatar: str | None
    is_verified: bool

    @classmethod
    def of(cls, user: User, *, access: str, refresh: str) -> "LoggedIn":
        """The flat answer that clients keep in one cookie."""
        shared = {name: getattr(user, name) for name in ("id", "email", "full_name", "user_type", "avatar", "is_verified")}
        return cls(access=access, refresh=refresh, user_id=user.id, **shared)


class Profile(Registered):
    avatar: str | None
    is_verified: bool
    desired_job_title: str | None
    desired_location: str | None
    job_alerts_enabled: bool
    job_posting_credits: int
    membership_expires_at: datetime | None
    has_unlimited_posting: bool
    created_at: datetime
    updated_at: datetime
