"""The engine on PostgreSQL full text: reading. `postgres_writes` stores."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Select, and_, case, func, select, true

from app.extensions import db
from app.search import facets, postgres_writes
from app.search.conditions import by_facet, not_past, others, sorting
from app.search.criteria import NEWEST, RELEVANCE
from app.search.documents import Document, Tombstone
from app.search.engine import EngineQuery, Hits, Stored
from app.search.models import SearchDocument
from app.search.query import Query
from app.search.ranking import RERANKED, as_tsquery, first_score, full_score, render

Conditions = ColumnElement[bool]


class PostgresEngine:
    """`SearchEngine` on the table of search documents, in the caller's transaction."""

    name = "postgresql"

    def search(self, query: EngineQuery) -> Hits:
        """Two statements: the counts, and the ids of the page."""
        common = and_(_findable(query.text, with_prefix=query.with_prefix), others(SearchDocument, query.filters))
        chosen = by_facet(SearchDocument, query.filters)
        if query.with_facets:
            total, counts = facets.count(common, chosen)
        else:
            total, counts = db.session.scalar(select(func.count()).where(common, *chosen.values())) or 0, {}
        ids = db.session.scalars(_page(query, and_(common, *chosen.values()))).all() if query.offset < total else []
        return Hits(ids, total, counts)

    def count_each(self, texts: Sequence[Query], *, at_most: int) -> list[int]:
        """One statement for all of them."""
        found = (select(SearchDocument.job_id).where(_findable(text)).limit(at_most).subquery() for text in texts)
        counts = [select(func.count()).select_from(matching).scalar_subquery() for matching in found]
        return list(db.session.execute(select(*counts)).one()) if counts else []

    def index(self, documents: Sequence[Document]) -> int:
        """One statement for the documents, and the words that are new."""
        return postgres_writes.store(documents)

    def delete(self, tombstones: Sequence[Tombstone]) -> int:
        """One statement."""
        return postgres_writes.store(tombstones)

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


def _page(query: EngineQuery, matching: Conditions) -> Select[int]:
    if query.ordering != RELEVANCE or not query.text.has_wishes:
        order = sorting(SearchDocument, NEWEST if query.ordering == RELEVANCE else query.ordering, SearchDocument.job_id)
        return select(SearchDocument.job_id).where(matching).order_by(*order).limit(query.limit).offset(query.offset)
    return _by_relevance(query, matching)


def _by_relevance(query: EngineQuery, matching: Conditions) -> Select[int]:
    """The best by their first score, of which the first `RERANKED` change places by their whole text."""
    score = first_score(query.text, with_prefix=query.with_prefix, preferred=query.preferred_place)
    scored = select(SearchDocument.job_id, SearchDocument.created_at, score.label("score")).where(matching).subquery()
    best_first = (scored.c.score.desc(), scored.c.created_at.desc(), scored.c.job_id.desc())
    placed = select(scored.c.job_id, scored.c.score, func.row_number().over(order_by=best_first).label("place"))
    first = placed.order_by(*best_first).limit(max(RERANKED, query.offset + query.limit)).subquery()

    full = first.c.score + full_score(query.text, with_prefix=query.with_prefix, preferred=query.preferred_place)
    is_behind = first.c.place > RERANKED
    found = select(SearchDocument.job_id).join(first, first.c.job_id == SearchDocument.job_id)
    ordered = found.order_by(is_behind, case((is_behind, None), else_=full).desc(), first.c.place)
    return ordered.limit(query.limit).offset(query.offset)
