"""The scenarios: what is broken, how often, and in the docstring what must hold.

For every one of them: what was accepted is there, once; all tasks end; the books are right. The checker sees to that.
"""

import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from itertools import cycle
from typing import Any, TypeVar

from app.core.broker import make_celery, queue_of
from config import load_settings
from faults import nemesis
from faults.board import LOGS, WORKER_NAMES
from faults.clients import FAILURE, Answer, ask, notice
from faults.figures import note_latency, statuses
from faults.history import Kind, Operation, Outcome, percentile
from faults.load import PURCHASES, USUAL
from faults.orders import CALLERS, END_STATES, UNSETTLED, order, order_many, together
from faults.scenario import scenario
from faults.stage import Stage

Found = TypeVar("Found")

# The time limit of a settlement and the margin of its lease.
_SETTLEMENT_LEASE = 15.0
_COPIES = 50
_TWINS = 100


@scenario
def children_killed(stage: Stage) -> None:
    """kill -9 of a pool child or a press every second: each effect once, the attempts bounded."""
    with stage.load(seconds=30) as load:
        for _ in load.ticks(1):
            stage.strike(lambda: nemesis.kill_child(stage.board, stage.rng))


@scenario
def workers_killed(stage: Stage) -> None:
    """kill -9 of a worker's main process every three seconds; supervision starts it again: each effect once, after the lease at the latest."""
    with stage.load(seconds=30) as load:
        for _ in load.ticks(3):
            stage.strike(lambda: nemesis.kill_worker(stage.board, stage.rng))


@scenario
def broker_emptied(stage: Stage) -> None:
    """FLUSHALL every four seconds: the sweeper sends again; emptying the broker costs time and no work."""
    with stage.load(seconds=30) as load:
        for _ in load.ticks(4):
            stage.strike(lambda: nemesis.empty_broker(stage.board))


@scenario
def broker_replaced(stage: Stage) -> None:
    """kill -9 of the broker, 15 s without it, then an empty one: the API takes everything meanwhile, workers and relay connect again."""
    with stage.load(seconds=35) as load:
        load.wait_until(8)
        stage.board.broker.end()
        stage.board.broker.forget()
        stage.strikes += 1
        away = time.time()
        load.wait_until(23)
        back = time.time()
        stage.board.broker.start()
    note_latency(stage, "away", away, back)


@scenario
def broker_silent(stage: Stage) -> None:
    """SIGSTOP of the broker for 20 s: the API goes on as before, and all work is done afterwards."""
    with stage.load(seconds=45) as load:
        load.wait_until(15)
        silent = time.time()
        stage.board.broker.signal(signal.SIGSTOP)
        stage.strikes += 1
        load.wait_until(35)
        heard = time.time()
        stage.board.broker.signal(signal.SIGCONT)
    note_latency(stage, "silent", silent, heard)


@scenario
def broker_connections_cut(stage: Stage) -> None:
    """CLIENT KILL of all connections to the broker twice a second: a message that is delivered again beside its first run has one effect."""
    with stage.load(seconds=30) as load:
        for _ in load.ticks(0.5):
            stage.strike(lambda: nemesis.cut_connections(stage.board))


@scenario
def relay_killed(stage: Stage) -> None:
    """kill -9 of the relay, over and over, between marking and publishing or after it: sent late or twice, done once."""
    with stage.load(seconds=40) as load:
        for _ in load.ticks(1):
            time.sleep(stage.rng.uniform(0, 3))
            stage.strike(lambda: nemesis.kill_main(stage.board, "relay"))


@scenario
def messages_repeated(stage: Stage) -> None:
    """Each message is published 50 times: the first that comes claims the task, the others find nothing to do. A fifth of the operations."""
    with stage.load(seconds=20, share=0.2) as load:
        copier = _Copier(stage)
        for _ in load.ticks(0.5):
            stage.strike(copier.copy)
    stage.strike(copier.copy)
    stage.wait_for("an empty queue", lambda: nemesis.queued(stage.board) == 0, 300)


@scenario
def workers_deployed(stage: Stage) -> None:
    """SIGTERM to one worker after the other, 20 times, as deploys do: nothing waits for the broker's visibility timeout of 900 s."""
    with stage.load(seconds=50) as load:
        names = cycle(WORKER_NAMES)
        for _ in load.ticks(2):
            if stage.strikes < 20:
                stage.strike(lambda: nemesis.terminate(stage.board, next(names)))


@scenario
def postgres_stopped(stage: Stage) -> None:
    """Immediate stop of PostgreSQL (SIGQUIT) three times, 3 s each: what was acknowledged is there; meanwhile 503, quickly."""
    with stage.load(seconds=40) as load:
        away = []
        for begins in (6, 17, 28):
            load.wait_until(begins)
            stopped = time.time()
            stage.board.postgres.end(signal.SIGQUIT)
            time.sleep(3)
            stage.board.postgres.start()
            stage.strikes += 1
            away.append((stopped, time.time()))
    meanwhile = [attempt for begun, back in away for attempt in stage.history.attempts(begun, back) if attempt.status == 503]
    first = [min(a.at + a.seconds - back for a in stage.history.attempts(since=back) if 0 < a.status < 500) for _, back in away]
    stage.remarks.append(
        f"answers: {statuses(stage)}; 503 to what was asked meanwhile after {percentile([a.seconds for a in meanwhile], 0.5) * 1000:.0f} ms, "
        f"p99 {percentile([a.seconds for a in meanwhile], 0.99) * 1000:.0f} ms; first success {max(first):.1f} s after the start at the latest"
    )


@scenario
def api_killed(stage: Stage) -> None:
    """kill -9 of an API process every four seconds, and clients that hang up: who lost the answer asks again under the key; one effect."""
    with stage.load(seconds=30, hang_up=0.1) as load:
        for _ in load.ticks(4):
            stage.strike(lambda: nemesis.kill_api(stage.board, stage.rng))
    stage.remarks.append(f"answers: {statuses(stage)}")


@scenario
def worker_paused(stage: Stage) -> None:
    """SIGSTOP of the payments worker in the middle of its work, for longer than its lease, beside a second worker; then CONT: what it
    held is done by the other, and its own late commit is refused."""
    refused_before = _refused_claims()
    stage.board.spare.start()
    with stage.load(seconds=40, mix=PURCHASES) as load:
        load.wait_until(3)
        for _ in range(20):
            stage.strikes += nemesis.send_to_all(stage.board, "worker-payments", signal.SIGSTOP)
            stopped = stage.clock()
            # What the second worker has in hand is done by then.
            time.sleep(1)
            held = stage.sql(_HELD, stopped=stopped)
            if held:
                break
            nemesis.send_to_all(stage.board, "worker-payments", signal.SIGCONT)
            time.sleep(stage.rng.uniform(0, 1))
        load.wait_until(load.seconds + _SETTLEMENT_LEASE + 10)
        nemesis.send_to_all(stage.board, "worker-payments", signal.SIGCONT)
    stage.board.spare.close()
    if not held:
        stage.failures.append("the worker was never stopped with work in hand")
    stage.remarks.append(
        f"{len(held)} settlements in hand when it was stopped, {_refused_claims() - refused_before} commits or claims refused as stale"
    )


@scenario
def keys_shared(stage: Stage) -> None:
    """100 requests at once under one Idempotency-Key: one transaction, and the same bytes for all."""
    statuses: Counter[int] = Counter()
    for client in stage.clients(max(1, stage.operations // _TWINS)):
        operation = stage.history.add(Operation(Kind.PURCHASE, f"{stage.rng.getrandbits(64):x}"))
        answers = together([partial(order, stage, client, operation.key)] * _TWINS)
        statuses.update(answer.status for answer in answers)
        if len({answer.body for answer in answers}) != 1:
            stage.failures.append(f"{len({answer.body for answer in answers})} different answers under one key")
        operation.found = {"transaction_id": answers[0].json["transaction_id"]}
        _pay(stage, operation, answers[0])
    stage.accepted = statuses[200]
    stage.remarks.append(f"answers: {dict(statuses)}")


@scenario
def keys_reused(stage: Stage) -> None:
    """The same key with another body: 422. The same key of another user: a transaction of its own, and nothing of the first one's answer."""
    statuses: Counter[str] = Counter()
    people = stage.clients(CALLERS)
    for _ in range(max(1, stage.operations // len(people) // 2)):
        key = f"{stage.rng.getrandbits(64):x}"
        first = together([partial(order, stage, client, key) for client in people])
        other = together([partial(order, stage, client, key, package_id=999_999) for client in people])
        statuses.update(f"first {answer.status}" for answer in first)
        statuses.update(f"other body {answer.status}" for answer in other)
        for answer in first:
            operation = stage.history.add(Operation(Kind.PURCHASE, key, found={"transaction_id": answer.json["transaction_id"]}))
            _pay(stage, operation, answer)
        if any(answer.status != 422 or b"transaction" in answer.body for answer in other):
            stage.failures.append("another body under a key was not refused as it should be")
        if len({answer.json["transaction_id"] for answer in first}) != len(people):
            stage.failures.append("two users got one transaction for one key")
    stage.accepted = sum(statuses.values())
    stage.remarks.append(f"answers: {dict(statuses)}")


@scenario
def calls_shuffled(stage: Stage) -> None:
    """The gateway's calls repeated, shuffled and late, success and failure: every order ends paid, granted once, in the same state."""
    orders = [answer for some in together([partial(order_many, stage, client) for client in stage.clients(CALLERS)]) for answer in some]
    late = [answer.json["transaction_id"] for answer in orders[::3]]
    stage.sql("UPDATE transactions SET status = 'EXPIRED', expires_at = now() - interval '2 hours' WHERE id = ANY(%(late)s)", late=late)
    calls = []
    for answer in orders:
        code = answer.json["transaction_code"]
        calls += [notice(code)] * stage.rng.randint(1, 4) + [notice(code, **FAILURE)] * stage.rng.randint(0, 2)
        found = {"transaction_id": answer.json["transaction_id"]}
        stage.history.add(Operation(Kind.PURCHASE, code, Outcome.OK, found))
    stage.rng.shuffle(calls)
    answers = together([partial(_call_each, stage, calls[number::CALLERS]) for number in range(CALLERS)])
    codes = Counter(code for some in answers for code in some)
    stage.wait_for("an end of all settlements", lambda: not stage.sql(UNSETTLED), 120)
    states = stage.sql(END_STATES, ids=[answer.json["transaction_id"] for answer in orders])
    if len(states) != 1:
        stage.failures.append(f"distinct end states: {states}")
    stage.remarks.append(f"{len(calls)} calls of {len(orders)} orders, {len(late)} of them expired; answered {dict(codes)}; {len(states)} end state")


@scenario
def everything(stage: Stage) -> None:
    """Every two seconds one of: a child, a worker, the relay or an API process killed, the broker emptied or its connections cut."""
    board, rng = stage.board, stage.rng
    acts: list[Callable[[], int]] = [
        lambda: nemesis.kill_child(board, rng),
        lambda: nemesis.kill_worker(board, rng),
        lambda: nemesis.kill_main(board, "relay"),
        lambda: nemesis.kill_api(board, rng),
        lambda: nemesis.empty_broker(board),
        lambda: nemesis.cut_connections(board),
    ]
    with stage.load(seconds=40, mix=USUAL, hang_up=0.05) as load:
        for _ in load.ticks(2):
            stage.strike(rng.choice(acts))


# Claimed, but their end is not written yet: a transaction that only has to commit would be right to do so.
_HELD = """
    SELECT id FROM tasks WHERE name = 'payments.settle' AND state = 'RUNNING' AND claimed_at < %(stopped)s FOR UPDATE SKIP LOCKED
"""


class _Copier:
    """Publishes what the relay publishes, 49 times more."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._celery = make_celery(load_settings())
        self._seen: set[object] = set()

    def copy(self) -> int:
        """Publish copies for the tasks that are new; how many."""
        rows: list[tuple[Any, ...]] = self._stage.sql("SELECT id, name FROM tasks WHERE created_at >= %(since)s", since=self._stage.since)
        fresh = [(task_id, name) for task_id, name in rows if task_id not in self._seen]
        with self._celery.connection_for_write() as connection, self._celery.amqp.Producer(connection) as producer:
            for task_id, name in fresh:
                for _ in range(_COPIES - 1):
                    self._celery.send_task(name, args=[task_id], queue=queue_of(name), producer=producer)
        self._seen.update(task_id for task_id, _ in fresh)
        return len(fresh) * (_COPIES - 1)


def _call_each(stage: Stage, calls: Sequence[str]) -> list[str]:
    return [ask(stage.board.port, "GET", call).json["RspCode"] for call in calls]


def _pay(stage: Stage, operation: Operation, ordered: Answer) -> None:
    code = ask(stage.board.port, "GET", notice(ordered.json["transaction_code"])).json["RspCode"]
    operation.outcome = Outcome.OK if code == "00" else Outcome.FAILED


def _refused_claims() -> int:
    return (LOGS / "worker-payments.log").read_text(errors="replace").count("no longer held")
