"""What a developer may ask of the local gateway, and how it calls the shop: at once, never, repeatedly or late."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

import structlog
from flask import request

from app.core.problems import Invalid

log = structlog.get_logger()

# A real gateway waits 5 minutes and more between its calls; a developer does not.
PAUSES = (2.0, 5.0, 15.0)
DUPLICATES = 3
LONGEST_DELAY = 3600

E = TypeVar("E", bound=StrEnum)

# One call of the shop: whether it was heard.
Knock = Callable[[], bool]


class Choice(StrEnum):
    """What becomes of the payment. TIMEOUT: the money is taken, the browser gets a time-out, and nobody is told."""

    PAY = "pay"
    FAIL = "fail"
    LEAVE = "leave"
    TIMEOUT = "timeout"


class Notify(StrEnum):
    """How the shop is told."""

    ONCE = "once"
    NEVER = "never"
    DUPLICATE = "duplicate"
    LATE = "late"


class Api(StrEnum):
    """How the merchant API answers the next call about this order. TIMEOUT: it does what it is asked, and the answer is lost."""

    ANSWERS = "answers"
    TIMEOUT = "timeout"


@dataclass(frozen=True)
class Wish:
    """The form of the payment page. `delay` is in seconds, for LATE."""

    outcome: Choice
    notify: Notify
    delay: int
    api: Api


def read_wish() -> Wish:
    """The posted form; all but `outcome` may be left out. Raises Invalid."""
    return Wish(_pick(Choice, "outcome", ""), _pick(Notify, "notify", Notify.ONCE), _delay(), _pick(Api, "api", Api.ANSWERS))


def _pick(kinds: type[E], field: str, default: str) -> E:
    try:
        return kinds(request.form.get(field, default))
    except ValueError as error:
        raise Invalid({field: f"Choose one of: {', '.join(kinds)}."}) from error


def _delay() -> int:
    text = request.form.get("delay", "20")
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and int(text) <= LONGEST_DELAY):
        raise Invalid({"delay": f"Give seconds, {LONGEST_DELAY} at most."})
    return int(text)


def deliver(knock: Knock, wish: Wish) -> None:
    """Tell the shop as wished. The first call is made at once, so that a script finds it done; what is not heard is repeated."""
    if wish.notify == Notify.NEVER or wish.outcome == Choice.TIMEOUT:
        return
    if wish.notify == Notify.LATE:
        _in_background(knock, (float(wish.delay), *PAUSES))
        return
    heard = [knock() for _ in range(DUPLICATES if wish.notify == Notify.DUPLICATE else 1)]
    if not any(heard):
        _in_background(knock, PAUSES)


def _in_background(knock: Knock, pauses: tuple[float, ...]) -> None:
    threading.Thread(target=_repeat, args=(knock, pauses), daemon=True, name="local-gateway").start()


def _repeat(knock: Knock, pauses: tuple[float, ...]) -> None:
    for pause in pauses:
        time.sleep(pause)
        if knock():
            return
    log.error("local_gateway_gave_up", calls=len(pauses))
