"""Reading PostgreSQL: who may stream, and what people have missed. Each question is one query, however many it is about."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from streams.identity import Identity

# What the database being away looks like.
Away = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)

_OPTIONS = "-c statement_timeout=5000 -c jit=off -c default_transaction_read_only=on"
_ADMIT = """
SELECT coalesce((SELECT last_id FROM event_heads WHERE user_id = person.id), 0)
FROM token_families family JOIN users person ON person.id = family.user_id
WHERE family.revoked_at IS NULL AND person.is_active AND family.id = %s AND person.id = %s
"""
_STILL_ALIVE = """
SELECT family.id
FROM token_families family JOIN users person ON person.id = family.user_id
WHERE family.revoked_at IS NULL AND person.is_active AND family.id = ANY(%s)
"""
# Whoever has nothing new costs one look into the small table of heads.
_AFTER = """
SELECT found.user_id, found.id, found.type, found.data::text
FROM unnest(%s::bigint[], %s::bigint[]) AS asked (user_id, after)
JOIN event_heads head ON head.user_id = asked.user_id AND head.last_id > asked.after
JOIN LATERAL (
    SELECT * FROM user_events WHERE user_id = asked.user_id AND id > asked.after ORDER BY id LIMIT %s
) found ON true
ORDER BY found.user_id, found.id
"""


class Row(NamedTuple):
    """One event; `data` is JSON text."""

    user_id: int
    id: int
    type: str
    data: str


class Log:
    """The log of events, over a few connections. Every method raises one of `Away` when the database is."""

    def __init__(self, database_url: str) -> None:
        address = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
        arguments = {"autocommit": True, "connect_timeout": 3, "options": _OPTIONS, "tcp_user_timeout": 10_000}
        self._pool = AsyncConnectionPool(address, kwargs=arguments, min_size=1, max_size=4, timeout=3, open=False)

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        """Connect in the background, and close at the end."""
        await self._pool.open(wait=False)
        try:
            yield
        finally:
            await self._pool.close(timeout=2)

    async def admit(self, who: Identity) -> int | None:
        """The person's newest event id, 0 before the first; None when the sign-in has ended or the account is closed."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(_ADMIT, (who.family, who.user_id))).fetchone()
        return int(row[0]) if row else None

    async def still_alive(self, families: Collection[UUID]) -> set[UUID]:
        """Those sign-ins that have not ended."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_STILL_ALIVE, (list(families),))
            return {row[0] for row in await cursor.fetchall()}

    async def after(self, positions: Mapping[int, int], limit: int) -> list[Row]:
        """What each person has after the id given for them: by person, oldest first, `limit` each."""
        async with self._pool.connection() as connection:
            cursor = await connection.execute(_AFTER, (list(positions), list(positions.values()), limit))
            return [Row(*row) for row in await cursor.fetchall()]
