"""The clients: each insists on its operation under one key until it knows what became of it."""

import http.client
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any

from app.payments.providers import vnpay_messages
from config import LOCAL_GATEWAY_CODE, LOCAL_GATEWAY_SECRET
from embedded.ports import LOOPBACK
from faults.history import Attempt, History, Kind, Operation, Outcome
from faults.people import PRICE, Pair, Person

API = "/api/v1"
IPN = f"{API}/payments/vnpay_ipn/"
# An answer that waits for its twin takes up to 15 s.
_ANSWER_SECONDS = 20.0
# A key whose holder was killed is free after 30 s.
_PATIENCE_SECONDS = 120.0
_PAUSE_SECONDS = 0.3
# Most requests are done by then, or under way.
_HANG_UP_SECONDS = 0.015

FAILURE = {"vnp_ResponseCode": "24", "vnp_TransactionStatus": "02", "vnp_TransactionNo": "0"}


class NoAnswer(Exception):
    """The connection was refused, cut or silent."""


@dataclass(frozen=True)
class Answer:
    """What the API said."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def is_definite(self) -> bool:
        """Whether asking again would not help; an IPN's 99 is a failure that is not one of HTTP."""
        return self.status < 500 and self.status not in (409, 429) and b'"RspCode":"99"' not in self.body


def ask(
    port: int, method: str, path: str, *, by: Person | None = None, key: str | None = None, body: object = None, seconds: float = _ANSWER_SECONDS
) -> Answer:
    """One request on a connection of its own. Raises NoAnswer."""
    headers = {"Content-Type": "application/json"}
    headers |= {"Authorization": f"Bearer {by.token}"} if by else {}
    headers |= {"Idempotency-Key": key} if key else {}
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=seconds)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.read())
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(str(error)) from error
    finally:
        connection.close()


def notice(code: str, **changes: str) -> str:
    """The path of VNPay's signed call that the order `code` was paid, or what the changes say."""
    fields = {
        "vnp_TmnCode": LOCAL_GATEWAY_CODE,
        "vnp_Amount": str(PRICE * vnpay_messages.HUNDREDTHS),
        "vnp_BankCode": "NCB",
        "vnp_OrderInfo": "Thanh toan goi",
        "vnp_PayDate": "20250309120501",
        "vnp_ResponseCode": vnpay_messages.OK,
        "vnp_TransactionNo": str(int(code[-12:], 16)),
        "vnp_TransactionStatus": vnpay_messages.OK,
        "vnp_TxnRef": code,
        **changes,
    }
    return vnpay_messages.signed_url(IPN, fields, LOCAL_GATEWAY_SECRET)


class Client:
    """One pair at its screens, one operation after the other; every `hang_up` of its requests it does not wait for the answer."""

    def __init__(self, port: int, pair: Pair, package_id: int, history: History, rng: Random, hang_up: float) -> None:
        self._port = port
        self._package_id = package_id
        self._history = history
        self._rng = rng
        self._hang_up = hang_up
        self._unprinted = list(pair.resume_ids)
        self.pair = pair

    def perform(self, kind: Kind) -> None:
        """Do one operation to its end and note it."""
        operation = self._history.add(Operation(kind, uuid.UUID(int=self._rng.getrandbits(128)).hex))
        {Kind.PURCHASE: self._buy, Kind.EDIT: self._edit, Kind.MESSAGE: self._write, Kind.PDF: self._print}[kind](operation)

    def _buy(self, operation: Operation) -> None:
        """Order, and be called by the gateway until the call is recorded; both are the operation."""
        buyer, body = self.pair.recruiter, {"package_id": self._package_id}
        path = f"{API}/payments/create_payment/"
        answer = self._insist(operation, lambda seconds: ask(self._port, "POST", path, by=buyer, key=operation.key, body=body, seconds=seconds))
        if answer is not None and answer.status == 200:
            operation.found = {"transaction_id": answer.json["transaction_id"]}
            operation.outcome = Outcome.UNKNOWN
            call = notice(answer.json["transaction_code"])
            recorded = self._insist(operation, lambda seconds: ask(self._port, "GET", call, seconds=seconds))
            if recorded is not None and recorded.json["RspCode"] in ("00", "02"):
                operation.outcome = Outcome.OK

    def _edit(self, operation: Operation) -> None:
        path, body = f"{API}/jobs/{self.pair.job_id}/", {"title": f"Edit {operation.key}"}
        operation.found = {"job_id": self.pair.job_id, "title": body["title"]}
        self._insist(operation, lambda seconds: ask(self._port, "PATCH", path, by=self.pair.recruiter, body=body, seconds=seconds))

    def _write(self, operation: Operation) -> None:
        path, body = f"{API}/chats/conversations/{self.pair.conversation_id}/messages/", {"message": f"Message {operation.key}"}
        operation.found = {"content": body["message"]}
        candidate = self.pair.candidate
        self._insist(operation, lambda seconds: ask(self._port, "POST", path, by=candidate, key=operation.key, body=body, seconds=seconds))

    def _print(self, operation: Operation) -> None:
        resume_id = self._unprinted.pop()
        operation.found = {"resume_id": resume_id}
        path = f"{API}/resumes/{resume_id}/generate-pdf/"
        self._insist(operation, lambda seconds: ask(self._port, "POST", path, by=self.pair.candidate, seconds=seconds))

    def _insist(self, operation: Operation, send: Callable[[float], Answer]) -> Answer | None:
        """Send until there is a definite answer, and note the outcome; None when patience has ended."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            # An edit has no key: the request that was given up could come after the next edit and undo it.
            hangs_up = operation.kind != Kind.EDIT and self._rng.random() < self._hang_up
            at, started = time.time(), time.monotonic()
            try:
                answer = send(_HANG_UP_SECONDS if hangs_up else _ANSWER_SECONDS)
            except NoAnswer:
                answer = Answer(0, b"")
            operation.attempts.append(Attempt(at, time.monotonic() - started, answer.status))
            if answer.status and answer.is_definite:
                operation.outcome = Outcome.OK if answer.status < 300 else Outcome.FAILED
                return answer
            # Who hung up asks again at once, while the first request is under way.
            time.sleep(0 if hangs_up else _PAUSE_SECONDS)
        return None
