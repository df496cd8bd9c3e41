"""The engine on PostgreSQL full text: how many match. `postgres_matching` says what does, `postgres_pages` orders it, `postgres_writes` stores."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, and_, any_, delete, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from app.extensions import db
from app.search import facets, postgres_matching, postgres_pages, postgres_writes
from app.search.conditions import by_facet, not_past, others
from app.search.documents import Entry
from app.search.engine import EngineQuery, Hits, Stored
from app.search.models import SearchDocument
from app.search.query import Query

Conditions = ColumnElement[bool]


class PostgresEngine:
    """`SearchEngine` on the table of search documents, in the caller's transaction."""

    name = postgres_pages.NAME

    def search(self, query: EngineQuery) -> Hits:
        """The counts, and the ids of the page: three statements, four when very many match, and two for longer phrases."""
        _prefer_indexes()
        matching = postgres_matching.read(query.text, with_prefix=query.with_prefix)
        common = _conditions(query, matching.anywhere)
        chosen = by_facet(SearchDocument, query.filters)
        if query.with_facets:
            total, counts = facets.count(common, chosen)
        else:
            total, counts = db.session.scalar(select(func.count()).where(common, *chosen.values())) or 0, {}
        in_headline = and_(_conditions(query, matching.in_headline), *chosen.values())
        page = postgres_pages.read(query, and_(common, *chosen.values()), in_headline, total)
        return Hits(page.ids, total, counts, page.last)

    def count_each(self, texts: Sequence[Query], *, at_most: int) -> list[int]:
        """Two statements for all of them, from the index alone."""
        _prefer_indexes()
        matching = (and_(_findable(), postgres_matching.roughly(text)) for text in texts)
        numbers = [postgres_pages.count_up_to(at_most, one, f"text_{place}") for place, one in enumerate(matching)]
        return list(db.session.execute(select(*(number.scalar_subquery() for number in numbers))).one()) if numbers else []

    def store(self, entries: Sequence[Entry]) -> int:
        """One statement for the entries, and the words that are new."""
        return postgres_writes.store(entries)

    def forget(self, job_ids: Sequence[int]) -> None:
        """Remove what is held of the jobs, whatever its versions, for the copies that are stored next in the same transaction."""
        # Locked in the order of the ids, as whoever stores copies does.
        held = select(SearchDocument.job_id).where(SearchDocument.job_id.in_(job_ids)).order_by(SearchDocument.job_id).with_for_update()
        db.session.execute(delete(SearchDocument).where(SearchDocument.job_id.in_(held)))

    def stored(self, *, after: int, limit: int) -> list[Stored]:
        """One statement."""
        columns = (SearchDocument.job_id, SearchDocument.version, SearchDocument.is_deleted)
        rows = db.session.execute(select(*columns).where(SearchDocument.job_id > after).order_by(SearchDocument.job_id).limit(limit))
        return [Stored(*row) for row in rows]


def _prefer_indexes() -> None:
    """Until the transaction ends: the words are kept out of line, which the planner does not count in when it would rather read the whole table."""
    db.session.execute(select(func.set_config("enable_seqscan", "off", True)))


def _conditions(query: EngineQuery, matching: Conditions) -> Conditions:
    """All but what belongs to a facet."""
    conditions = [_findable(), matching, others(SearchDocument, query.filters)]
    if query.excluded_ids:
        conditions.append(SearchDocument.job_id.not_in(query.excluded_ids))
    if query.among_ids is not None:
        # One array rather than a thousand parameters.
        conditions.append(SearchDocument.job_id == any_(literal(list(query.among_ids), ARRAY(BigInteger))))
    return and_(*conditions)


def _findable() -> Conditions:
    """Open, live, its deadline not past."""
    # As the index of the newest says it: the planner does not see that `IS false` means the same.
    return and_(~SearchDocument.is_deleted, not_past(SearchDocument))
