"""Orders made by many buyers at once, and how they end."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from faults.clients import API, Answer, Client, ask
from faults.stage import Stage

Found = TypeVar("Found")

CALLERS = 20
UNSETTLED = "SELECT id FROM gateway_events WHERE processed_at IS NULL LIMIT 1"
END_STATES = """
    SELECT t.status, (SELECT count(*) FROM credit_grants c WHERE c.transaction_id = t.id) AS grants,
        (SELECT array_agg((e.account, e.amount, e.currency) ORDER BY e.account, e.currency)::text FROM ledger_groups g
            JOIN ledger_entries e ON e.group_id = g.id WHERE g.source = 'transaction:' || t.id) AS entries
    FROM transactions t WHERE t.id = ANY(%(ids)s) GROUP BY 1, 2, 3
"""


def order(stage: Stage, client: Client, key: str, package_id: int | None = None) -> Answer:
    """What is answered to an order of the client's recruiter."""
    body = {"package_id": package_id or stage.package_id}
    return ask(stage.board.port, "POST", f"{API}/payments/create_payment/", by=client.pair.recruiter, key=key, body=body, seconds=60)


def order_many(stage: Stage, client: Client) -> list[Answer]:
    """The client's share of the scenario's orders, one after the other."""
    return [order(stage, client, f"{turn}") for turn in range(max(1, stage.operations // CALLERS))]


def together(works: Sequence[Callable[[], Found]]) -> list[Found]:
    """What so many threads return that begin at one moment."""
    barrier = threading.Barrier(len(works))

    def run(work: Callable[[], Found]) -> Found:
        barrier.wait(60)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))
