"""`@idempotent`: a request sent again under its `Idempotency-Key` takes effect once and gets the first answer, byte for byte.

After https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/ . The scope of a key is (user, route, key); the
same key with another body is a 422. Requests in parallel wait for the first, holding no database connection meanwhile.

    @blp.post("/orders/")
    @require(Role.RECRUITER)
    @idempotent
    @accepts(OrderCreate)
    @returns(OrderOut, 201)
    def create_order(data: OrderCreate) -> Response:
        with unit_of_work():
            return remember(OrderOut.of(service.create_order(...)), 201)

`remember` keeps the answer in the transaction of the effect, so that dying in between cannot double it. Without it the answer is
kept after the view has committed: enough against double clicks, not against a crash between the two.

A view that calls somebody else in the middle works in atomic phases: each is one transaction that ends in a recovery point, and a
retry after a crash goes on from there.

    found = reached("ordered")
    if found is None:
        with unit_of_work():
            found = reach("ordered", order_id=service.order(...).id)
    receipt = provider.charge(key=f"order-{found['order_id']}")
    with unit_of_work():
        return remember(OrderOut.of(service.keep(found["order_id"], receipt)), 201)
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any

import structlog
from apiflask.scaffold import _annotate
from flask import Response, g, make_response, request
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from app.core import idempotency_keys as keys
from app.core.auth import current_actor
from app.core.contract import JSON
from app.core.idempotency_keys import Answer, Busy, Claim, Scope, TwinUnfinished
from app.core.problems import Invalid, Problem, respond
from app.core.unit_of_work import unit_of_work
from app.extensions import db

log = structlog.get_logger()

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
LONGEST_WAIT = 15.0
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.25
# The client may correct these and send them again under the same key; 5xx likewise.
NOT_KEPT = frozenset({400, 401, 408, 413, 415, 429})
KEPT_HEADERS = ("Content-Type", "Location")

_PRINTABLE = re.compile(r"[\x20-\x7e]{1,255}")
# RFC 8941, section 3.3.3: within quotes only the quote and the backslash are escaped.
_QUOTED = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"')

View = Callable[..., Any]


class IdempotencyHeader(BaseModel):
    """The header's place in the API documentation."""

    key: Annotated[str | None, Field(alias=HEADER, max_length=255)] = None


def idempotent(view: View) -> View:
    """Let clients send `Idempotency-Key` to this route. Belongs below `@require`, above `@rate_limit` and `@accepts`: a replay costs the
    client nothing, and is not refused to one that has used up its rate."""

    @wraps(view)
    def once(*args: Any, **kwargs: Any) -> Any:
        offered = request.headers.get(HEADER)
        if offered is None:
            return view(*args, **kwargs)
        scope = Scope(current_actor().id, _route(), parse_key(offered), fingerprint())
        found = _claim(scope)
        if isinstance(found, Answer):
            return Response(found.body, status=found.status, headers={**found.headers, REPLAYED: "true"})
        return _run(found, lambda: view(*args, **kwargs))

    if not getattr(once, "_spec", {}).get("args"):
        _annotate(once, args=[])
    once._spec["args"].append((IdempotencyHeader, "header"))  # type: ignore[attr-defined]  # APIFlask keeps it on the view.
    return once


def remember(answer: BaseModel, status: int = 200) -> Response:
    """The answer as a response, kept under the request's key (if it has one) in the open transaction."""
    response = Response(answer.model_dump_json(), status=status, content_type=JSON)
    claim = current_claim()
    if claim is not None:
        keys.store(claim, _answer_of(response))
        g.idempotency_kept = True
    return response


def current_claim() -> Claim | None:
    """The claim under which this request works, or None without a key."""
    claim: Claim | None = g.get("idempotency_claim")
    return claim


def reached(point: str) -> Mapping[str, Any] | None:
    """What an earlier phase of this request left at `point`, or None when it has not been reached (or there is no key)."""
    claim = current_claim()
    return claim.phases.get(point) if claim else None


def reach(point: str, **state: Any) -> Mapping[str, Any]:
    """Note in the open transaction that the work has got to `point`, with the JSON values that a retry needs; returns them.

    The lease starts afresh. Raises TwinUnfinished when another request has taken the key over.
    """
    claim = current_claim()
    if claim is not None:
        g.idempotency_claim = keys.advance(claim, point, state)
    return state


def parse_key(offered: str) -> str:
    """The key of a header value, quoted (a structured-field string) or bare. Raises Invalid."""
    value = offered.strip()
    quoted = _QUOTED.fullmatch(value)
    if quoted:
        value = re.sub(r'\\(["\\])', r"\1", quoted.group(1))
    if not _PRINTABLE.fullmatch(value) or (value.startswith('"') and not quoted):
        raise Invalid({HEADER: "Send 1 to 255 printable ASCII characters, quoted or bare."})
    return value


def fingerprint() -> bytes:
    """SHA-256 of what is asked: the path's own values and the body, as canonical JSON if it is JSON, else its bytes."""
    body = request.get_data(cache=True)
    try:
        canonical = json.dumps(json.loads(body), sort_keys=True, separators=(",", ":")).encode() if body else b"{}"
    except (ValueError, RecursionError):
        canonical = body
    place = json.dumps(request.view_args or {}, sort_keys=True, default=str).encode()
    return hashlib.sha256(place + b"\n" + canonical).digest()


def _route() -> str:
    return f"{request.method} {request.url_rule.rule if request.url_rule else request.path}"


def _claim(scope: Scope) -> Claim | Answer:
    """Wait for the answer or the key. Each look is a transaction of its own, so none is open during the pauses. Raises TwinUnfinished."""
    deadline = time.monotonic() + LONGEST_WAIT
    pause = FIRST_PAUSE
    while True:
        with unit_of_work():
            found = keys.begin(scope)
        if not isinstance(found, Busy):
            return found
        if time.monotonic() + pause > deadline:
            raise TwinUnfinished(retry_after=found.seconds)
        time.sleep(pause)
        pause = min(LONGEST_PAUSE, pause * 1.5)


def _run(claim: Claim, work: Callable[[], Any]) -> Response:
    g.idempotency_claim, g.idempotency_kept = claim, False
    try:
        response = make_response(work())
    except Problem as problem:
        db.session.rollback()
        response = respond(problem)
        g.idempotency_kept = False
    except Exception:
        db.session.rollback()
        _release(claim)
        raise
    finally:
        g.idempotency_claim = None
    _conclude(claim, response)
    return response


def _conclude(claim: Claim, response: Response) -> None:
    if g.idempotency_kept:
        return
    if response.status_code in NOT_KEPT or response.status_code >= 500:
        _release(claim)
        return
    try:
        with unit_of_work():
            keys.store(claim, _answer_of(response))
    except TwinUnfinished:
        log.warning("idempotency_claim_lost", key_id=claim.id)


def _release(claim: Claim) -> None:
    try:
        with unit_of_work():
            keys.release(claim)
    except SQLAlchemyError as error:
        # The first failure is what the client must hear; the key's lease ends by itself.
        log.warning("idempotency_key_not_released", key_id=claim.id, error=str(error).split("\n", 1)[0])


def _answer_of(response: Response) -> Answer:
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return Answer(response.status_code, headers, response.get_data())
