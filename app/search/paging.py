"""Where a page of jobs begins and what leads to its neighbours: an offset, or a cursor, with which nothing is shown twice or skipped
while jobs come and go.

A cursor is signed and holds where the page before ended. It belongs to the very search that it was made in; only `limit` may change.
"""

from dataclasses import astuple, dataclass
from datetime import datetime
from hashlib import sha256

from flask import current_app, request
from itsdangerous import BadSignature, URLSafeSerializer

from app.core.clock import now
from app.core.pagination import MAX_OFFSET, ListQuery, link
from app.core.problems import Invalid
from app.search.criteria import DEEPEST
from app.search.engine import Hits, SortKey
from app.search.finding import Reading
from app.search.schemas import JobListQuery

SKIPPED_BY_ENGINES = 10_000
"""Jobs that an engine skips at most to come to an offset; a cursor leads further."""


@dataclass(frozen=True, slots=True)
class Start:
    """`offset` jobs come before the page, fewer than `deepest`. With `after`, it follows the page that ended there, of a search begun at `as_of`.

    `reading` is how the text was understood then.
    """

    offset: int
    deepest: int
    as_of: datetime
    reading: Reading | None = None
    after: SortKey | None = None


def read(query: JobListQuery, *, deepest: int) -> Start:
    """Where the page begins that is asked for. Raises Invalid for a cursor of another search, or for an offset of `deepest` or more without one."""
    if query.cursor is None:
        return at_offset(query, deepest=deepest)
    try:
        made_for, offset, as_of, reading, after = _serializer().loads(query.cursor)
    except BadSignature as error:
        raise Invalid({"cursor": "This cursor is not valid."}) from error
    if made_for != _fingerprint(query):
        raise Invalid({"cursor": "This cursor is of another search. Keep all parameters but the limit, or begin without it."})
    if "offset" in query.model_fields_set and query.offset != offset:
        raise Invalid({"offset": "This is not where the cursor continues: leave out one of the two."})
    return Start(offset, deepest, datetime.fromisoformat(as_of), _reading(*reading) if reading else None, after)


def at_offset(query: ListQuery, *, deepest: int) -> Start:
    """The page at the offset. Raises Invalid for `deepest` or more."""
    if query.offset < deepest:
        return Start(query.offset, deepest, now())
    if deepest <= DEEPEST:
        raise Invalid({"offset": f"By relevance, the best {deepest} jobs are listed. Narrow the search, or choose another order."})
    raise Invalid({"offset": f"An offset is less than {deepest} here; the cursor in `next` leads further."})


def links(query: JobListQuery, start: Start, hits: Hits, reading: Reading | None = None) -> dict[str, str | None]:
    """The addresses of the pages around this one; the next has a cursor wherever the engine can go on from where this one ended."""
    following = start.offset + query.limit
    found = links_by_offset(query, start, hits.total)
    if start.after is not None:
        found["next"] = None
    if hits.last is not None and not (_is_bounded(start) and following >= start.deepest):
        understood = astuple(reading) if reading else None
        cursor = _serializer().dumps([_fingerprint(query), following, start.as_of.isoformat(), understood, hits.last])
        found["next"] = link(limit=query.limit, offset=following if following <= MAX_OFFSET else None, cursor=cursor)
    return found


def links_by_offset(query: ListQuery, start: Start, total: int) -> dict[str, str | None]:
    """The same by offset alone."""
    following, before = start.offset + query.limit, max(0, start.offset - query.limit)
    return {
        "next": link(limit=query.limit, offset=following, cursor=None) if following < min(total, start.deepest) else None,
        "previous": link(limit=query.limit, offset=before, cursor=None) if start.offset and before < start.deepest else None,
    }


def _reading(corrected: str | None, with_prefix: bool, kept: list[int] | None, match_any: bool) -> Reading:
    return Reading(corrected, with_prefix, None if kept is None else tuple(kept), match_any)


def _is_bounded(start: Start) -> bool:
    """Whether the order itself ends, and not only what an offset reaches."""
    return start.deepest <= DEEPEST


def _fingerprint(query: JobListQuery) -> str:
    asked = query.model_dump_json(exclude={"cursor", "limit", "offset"})
    return sha256(f"{request.endpoint} {asked}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _serializer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="search.cursor")
