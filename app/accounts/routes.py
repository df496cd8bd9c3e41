"""`/auth/`: registering, signing in and out, the own profile and password."""

from typing import cast

from apiflask import APIBlueprint
from flask import Response, current_app, request

from app.accounts import service, sessions
from app.accounts.errors import RefreshRefused
from app.accounts.schemas import (
    EmailVerification,
    LoggedIn,
    Login,
    PasswordChange,
    PasswordForgot,
    PasswordReset,
    Profile,
    ProfilePatch,
    Refresh,
    Register,
    Registered,
    TokenPair,
)
from app.accounts.service import NewUser
from app.accounts.sessions import Tokens
from app.core.auth import check_csrf, current_actor, public, require
from app.core.contract import JSON, accepts, returns
from app.core.identity import ACCESS_COOKIE, CSRF_COOKIE, REFRESH_COOKIE, current_identity
from app.core.rate_keys import address
from app.core.rates import rate_limit
from app.core.unit_of_work import unit_of_work
from app.core.uploads import read_image

blp = APIBlueprint("accounts", __name__, tag="Accounts")


@blp.post("/auth/register/")
@public
@rate_limit("REGISTER_RATE", key=address)
@accepts(Register)
@returns(Registered, 201)
def register(data: Register) -> Registered:
    """Open an account. A recruiter's must be approved by an admin before its first login."""
    with unit_of_work():
        return Registered.model_validate(service.register(NewUser(**data.model_dump())))


@blp.post("/auth/login/")
@public
@rate_limit("LOGIN_RATE", key=address)
@accepts(Login)
@returns(LoggedIn)
def log_in(data: Login) -> Response:
    """Sign in: tokens in the body for bearer clients, and as HttpOnly cookies for browsers."""
    with unit_of_work():
        tokens = service.log_in(data.email, data.password)
        body = LoggedIn.of(tokens.user, access=tokens.access, refresh=tokens.refresh)
    return _with_cookies(Response(body.model_dump_json(), content_type=JSON), tokens)


@blp.post("/auth/refresh/")
@blp.post("/refresh-token", endpoint="refresh_token_alias")
@public
@accepts(Refresh)
@returns(TokenPair)
def refresh(data: Refresh) -> Response:
    """Exchange a refresh token, from the body or the cookie, for the next pair; the old one dies.

    A used token that comes back after five seconds ends the whole sign-in.
    """
    token = data.refresh or _refresh_cookie()
    with unit_of_work():
        tokens = sessions.refresh(token)
    if tokens is None:
        raise RefreshRefused
    body = TokenPair(access=tokens.access, refresh=tokens.refresh)
    return _with_cookies(Response(body.model_dump_json(), content_type=JSON), tokens)


@blp.post("/auth/logout/")
@require()
@accepts(Refresh)
@returns(None)
def log_out(data: Refresh) -> Response:
    """End this sign-in, and the one that the refresh token belongs to when it is another of yours: their tokens stop working."""
    identity = current_identity()
    with unit_of_work():
        if identity is not None:
            sessions.revoke(identity.family)
        if data.refresh:
            sessions.revoke_by_refresh(current_actor().id, data.refresh)
    response = Response(status=204)
    for name in (ACCESS_COOKIE, REFRESH_COOKIE, CSRF_COOKIE):
        response.delete_cookie(name)
    return response


@blp.get("/auth/me/")
@require()
@returns(Profile)
def get_me() -> Profile:
    """The signed-in user with credits and membership."""
    return Profile.model_validate(current_actor())


@blp.patch("/auth/me/")
@require()
@accepts(ProfilePatch, multipart=True)
@returns(Profile)
def update_me(data: ProfilePatch) -> Profile:
    """Change the own profile; the picture comes as multipart, and `avatar: null` removes it."""
    changes = data.given()
    drop_avatar = changes.pop("avatar", ...) is None
    avatar = read_image(data.avatar) if data.avatar else None
    with unit_of_work():
        user = service.update_profile(current_actor(), changes, avatar=avatar, drop_avatar=drop_avatar)
        return Profile.model_validate(user)


@blp.post("/auth/password/change/")
@require()
@accepts(PasswordChange)
@returns(None)
def change_password(data: PasswordChange) -> None:
    """Set a new password; every sign-in ends."""
    with unit_of_work():
        service.change_password(current_actor(), data.old_password, data.new_password)


@blp.post("/auth/password/forgot/")
@public
@rate_limit("PASSWORD_RESET_RATE", key=address)
@accepts(PasswordForgot)
@returns(None)
def forgot_password(data: PasswordForgot) -> None:
    """Mail a reset link, if there is such an account; the answer is the same either way."""
    with unit_of_work():
        service.ask_for_reset(data.email)


@blp.post("/auth/password/reset/")
@public
@rate_limit("PASSWORD_RESET_RATE", key=address)
@accepts(PasswordReset)
@returns(None)
def reset_password(data: PasswordReset) -> None:
    """Set a password by the token of a mailed link."""
    with unit_of_work():
        service.reset_password(data.token, data.password)


@blp.post("/auth/verify-email/")
@public
@accepts(EmailVerification)
@returns(None)
def verify_email(data: EmailVerification) -> None:
    """Confirm an address by the token of a mailed link."""
    with unit_of_work():
        service.verify_email(data.token)


def _refresh_cookie() -> str:
    token = request.cookies.get(REFRESH_COOKIE)
    if not token:
        raise RefreshRefused
    csrf = sessions.find_csrf(token)
    if csrf is None:
        # Expired and cleared away: its owner must sign in again, and no header of his would help.
        raise RefreshRefused
    check_csrf(csrf)
    return token


def _with_cookies(response: Response, tokens: Tokens) -> Response:
    secure = cast(bool, current_app.config["SESSION_COOKIE_SECURE"])
    access_ttl, refresh_ttl = current_app.config["ACCESS_TOKEN_TTL"], current_app.config["REFRESH_TOKEN_TTL"]
    response.set_cookie(ACCESS_COOKIE, tokens.access, max_age=access_ttl, httponly=True, secure=secure, samesite="Lax")
    response.set_cookie(REFRESH_COOKIE, tokens.refresh, max_age=refresh_ttl, httponly=True, secure=secure, samesite="Lax")
    response.set_cookie(CSRF_COOKIE, tokens.csrf, max_age=refresh_ttl, httponly=False, secure=secure, samesite="Lax")
    return response
