"""Problem details (RFC 9457): the one shape of every error answer.

A feature raises a `Problem` subclass from its `errors.py`; `register` turns it, and whatever the framework or the database raises,
into `application/problem+json` with `type, title, status, detail, code, request_id`. Validation adds `errors: {field: [messages]}`
and repeats the lists at top level, where existing forms read them.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from flask import Flask, Response, json, request
from pydantic import ValidationError
from sqlalchemy.exc import DataError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, MethodNotAllowed
from werkzeug.exceptions import NotFound as UnknownAddress

from app.core.paths import methods_with_slash
from app.core.request_id import current_request_id

log = structlog.get_logger()

Errors = dict[str, list[str]]


class Problem(Exception):
    """An error with a contract: subclasses fix `status`, `code` and the default `detail`."""

    status = 500
    code = "internal_error"
    detail = "Something went wrong on our side."

    def __init__(self, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        super().__init__(detail or self.detail)
        self.detail = detail or self.detail
        self.headers = dict(headers or {})
        self.members = members


class BadRequest(Problem):
    status, code, detail = 400, "bad_request", "The request cannot be understood."


class MalformedJson(BadRequest):
    code, detail = "malformed_json", "The body is not valid JSON."


class Unauthorized(Problem):
    status, code, detail = 401, "unauthorized", "Sign in to do this."


class Forbidden(Problem):
    status, code, detail = 403, "forbidden", "You may not do this."


class NotFound(Problem):
    status, code, detail = 404, "not_found", "There is nothing here that you can see."


class Conflict(Problem):
    status, code, detail = 409, "conflict", "This does not fit the present state."


class TooLarge(Problem):
    status, code, detail = 413, "too_large", "What was sent is too large."


class UnsupportedMedia(Problem):
    status, code, detail = 415, "unsupported_media", "This kind of body or file is not taken here."


class Unprocessable(Problem):
    status, code, detail = 422, "unprocessable", "The request cannot be carried out."


class Unavailable(Problem):
    status, code, detail = 503, "unavailable", "A part that is needed for this is away. Please try again shortly."

    def __init__(self, detail: str | None = None, *, retry_after: int = 5, **members: Any) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)}, **members)


class Invalid(Problem):
    """A validation error: `errors` maps a field (or `non_field_errors`) to its messages."""

    status, code, detail = 400, "invalid", "Some fields are not right."

    def __init__(self, errors: Mapping[str, str | list[str]], detail: str | None = None) -> None:
        self.errors: Errors = {field: [found] if isinstance(found, str) else list(found) for field, found in errors.items()}
        super().__init__(detail or _sentence(self.errors))


# What the framework refuses bears the codes of our own refusals; the standard library's names change with Python's version.
_CODES = {
    kind.status: kind.code
    for kind in (BadRequest, Unauthorized, Forbidden, NotFound, Conflict, TooLarge, UnsupportedMedia, Unprocessable, Unavailable)
}


# What pydantic finds, in words for a person. What is not here keeps the words of pydantic, which name patterns and classes only for these kinds.
_MESSAGES = {
    "missing": "This field is required.",
    "extra_forbidden": "This field is not known or cannot be set.",
    "string_type": "Send a text.",
    "string_unicode": "This holds characters that cannot be read.",
    "string_too_long": "Send {max_length} characters at most.",
    "string_pattern_mismatch": "This has characters or a form that cannot be taken here.",
    "int_type": "Send a whole number.",
    "int_parsing": "Send a whole number.",
    "int_parsing_size": "This number is out of range.",
    "int_from_float": "Send a whole number.",
    "greater_than": "Send a number above {gt}.",
    "greater_than_equal": "Send a number of {ge} or more.",
    "less_than_equal": "Send a number of {le} or less.",
    "bool_type": "Send true or false.",
    "bool_parsing": "Send true or false.",
    "list_type": "Send a list.",
    "dict_type": "Send an object.",
    "model_type": "Send an object.",
    "model_attributes_type": "Send an object.",
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), "Send a date such as 2027-03-05."),
    **dict.fromkeys(
        ("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "timezone_aware"),
        "Send a time with its offset such as 2027-03-05T14:30:00+07:00.",
    ),
    **dict.fromkeys(("url_type", "url_parsing", "url_scheme"), "Send a web address such as https://example.com."),
}

# 'OPEN', or <JobStatus.OPEN: 'OPEN'> where only some members of an enumeration may be chosen.
_CHOICE = re.compile(r"'([^']*)'")


def _sentence(errors: Errors) -> str:
    field, messages = next(iter(errors.items()))
    return messages[0] if field == "non_field_errors" else f"{field}: {messages[0]}"


def from_pydantic(error: ValidationError, *, nested: bool = True) -> Invalid:
    """Field lists of a pydantic error; nested places are joined with dots (`experience.0.company`), or left out unless `nested`."""
    errors: Errors = {}
    for item in error.errors(include_url=False, include_input=False):
        place = item["loc"] if nested else item["loc"][:1]
        field = ".".join(str(part) for part in place) or "non_field_errors"
        errors.setdefault(field, []).append(_message(item["type"], item["msg"], item.get("ctx", {})))
    return Invalid(errors)


def _message(kind: str, text: str, context: Mapping[str, Any]) -> str:
    """The sentence of a finding; `context` are the bounds that were overstepped."""
    if kind == "string_too_short" and context["min_length"] == 1:
        return "This field may not be empty."
    if kind in {"enum", "literal_error"}:
        return f"Choose one of: {', '.join(_CHOICE.findall(context['expected']))}."
    known = _MESSAGES.get(kind, "").format_map(context) or text.removeprefix("Value error, ")
    return known if known.endswith((".", "!", "?")) else f"{known}."


def respond(problem: Problem) -> Response:
    """The problem as an HTTP answer. The problem's own members win over fields of the same name."""
    errors = problem.errors if isinstance(problem, Invalid) else None
    body: dict[str, Any] = {**(errors or {}), **problem.members}
    body |= {
        "type": f"urn:problem:{problem.code}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": current_request_id(),
    }
    if errors is not None:
        body["errors"] = errors
    headers = {"WWW-Authenticate": "Bearer", **problem.headers} if problem.status == 401 else problem.headers
    return Response(json.dumps(body), status=problem.status, headers=headers, content_type="application/problem+json")


def register(app: Flask) -> None:
    """Make every error of `app` a problem document."""
    app.register_error_handler(Problem, respond)
    app.register_error_handler(ValidationError, lambda error: respond(from_pydantic(error)))
    app.register_error_handler(HTTPException, _from_http)
    app.register_error_handler(UnknownAddress, _from_unknown_address)
    for away in (OperationalError, InterfaceError, PoolTimeout):
        app.register_error_handler(away, _from_database_away)
    app.register_error_handler(DataError, _from_data)
    app.register_error_handler(OSError, _from_storage_away)
    app.register_error_handler(Exception, _from_bug)


def _from_http(error: HTTPException) -> Response:
    status = error.code or 500
    problem = Problem(error.description)
    problem.status = status
    problem.code = _CODES.get(status) or HTTPStatus(status).name.lower()
    problem.headers = {name: value for name, value in error.get_headers() if name not in {"Content-Type", "Content-Length"}}
    return respond(problem)


def _from_unknown_address(error: UnknownAddress) -> Response:
    """Where only the last slash is missing, it is the method that is wrong: every route is served without the slash too."""
    allowed = methods_with_slash(request)
    return _from_http(MethodNotAllowed(allowed) if allowed else error)


def _from_database_away(error: Exception) -> Response:
    log.error("database_unavailable", error=str(error).splitlines()[0])
    return respond(Unavailable("The database is away. Nothing was changed; please try again shortly."))


def _from_storage_away(error: OSError) -> Response:
    """The storage is the one file system that requests use, and what else they reach has exceptions of its own."""
    log.exception("storage_unavailable", exc_info=error)
    return respond(Unavailable("Files cannot be read or stored at the moment. Nothing was changed; please try again shortly."))


def _from_data(error: DBAPIError) -> Response:
    log.warning("value_refused_by_database", error=str(error.orig))
    return respond(BadRequest("A value is out of range or holds a character that cannot be stored."))


def _from_bug(error: Exception) -> Response:
    log.exception("unhandled_error", exc_info=error)
    return respond(Problem())
