"""The engine on PostgreSQL full text: what matches, and how many. `postgres_pages` puts it in order, `postgres_writes` stores."""

from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, and_, any_, func, literal, select, true
from sqlalchemy.dialects.postgresql import ARRAY

from app.extensions import db
from app.search import facets, postgres_pages, postgres_writes
from app.search.conditions import by_facet, not_past, others
from app.search.documents import Entry
from app.search.engine import EngineQuery, Hits, Stored
from app.search.models import SearchDocument
from app.search.query import Query
from app.search.ranking import as_tsquery, render

Conditions = ColumnElement[bool]


class PostgresEngine:
    """`SearchEngine` on the table of search documents, in the caller's transaction."""

    name = postgres_pages.NAME

    def search(self, query: EngineQuery) -> Hits:
        """The counts, and the ids of the page: two statements, three when very many match."""
        common = and_(_findable(query.text, with_prefix=query.with_prefix), others(SearchDocument, query.filters))
        if query.excluded_ids:
            common = and_(common, SearchDocument.job_id.not_in(query.excluded_ids))
        if query.among_ids is not None:
            # One array rather than a thousand parameters.
            common = and_(common, SearchDocument.job_id == any_(literal(list(query.among_ids), ARRAY(BigInteger))))
        chosen = by_facet(SearchDocument, query.filters)
        if query.with_facets:
            total, counts = facets.count(common, chosen)
        else:
            total, counts = db.session.scalar(select(func.count()).where(common, *chosen.values())) or 0, {}
        page = postgres_pages.read(query, and_(common, *chosen.values()), total)
        return Hits(page.ids, total, counts, page.last)

    def count_each(self, texts: Sequence[Query], *, at_most: int) -> list[int]:
        """One statement for all of them."""
        found = (select(SearchDocument.job_id).where(_findable(text)).limit(at_most).subquery() for text in texts)
        counts = [select(func.count()).select_from(matching).scalar_subquery() for matching in found]
        return list(db.session.execute(select(*counts)).one()) if counts else []

    def store(self, entries: Sequence[Entry]) -> int:
        """One statement for the entries, and the words that are new."""
        return postgres_writes.store(entries)

    def stored(self, *, after: int, limit: int) -> list[Stored]:
        """One statement."""
        columns = (SearchDocument.job_id, SearchDocument.version, SearchDocument.is_deleted)
        rows = db.session.execute(select(*columns).where(SearchDocument.job_id > after).order_by(SearchDocument.job_id).limit(limit))
        return [Stored(*row) for row in rows]


def _findable(text: Query, *, with_prefix: bool = False) -> Conditions:
    """Open, live, its deadline not past, and matching the text."""
    return and_(SearchDocument.is_deleted.is_(False), not_past(SearchDocument), _matching(text, with_prefix=with_prefix))


def _matching(text: Query, *, with_prefix: bool) -> Conditions:
    if text.is_empty:
        return true()
    if text.has_wishes:
        return SearchDocument.words.bool_op("@@")(as_tsquery(render(text, with_prefix=with_prefix)))
    # The index knows which documents hold a word, not which do not: what only excludes is turned round.
    refused = " | ".join(render(Query(phrases=(phrase,))) for phrase in text.excluded)
    return SearchDocument.job_id.not_in(select(SearchDocument.job_id).where(SearchDocument.words.bool_op("@@")(as_tsquery(refused))))
