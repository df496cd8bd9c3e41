"""The engine on PostgreSQL full text: what matches, and how many. `postgres_pages` puts it in order, `postgres_writes` stores."""

from collections.abc import Sequence
from dataclasses import replace

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
        """The counts, and the ids of the page: three statements, four when very many match."""
        _prefer_indexes()
        common = _conditions(query, _matching(query.text, with_prefix=query.with_prefix))
        chosen = by_facet(SearchDocument, query.filters)
        if query.with_facets:
            total, counts = facets.count(common, chosen)
        else:
            total, counts = db.session.scalar(select(func.count()).where(common, *chosen.values())) or 0, {}
        in_headline = and_(_conditions(query, _in_headline(query)), *chosen.values())
        page = postgres_pages.read(query, and_(common, *chosen.values()), in_headline, total)
        return Hits(page.ids, total, counts, page.last)

    def count_each(self, texts: Sequence[Query], *, at_most: int) -> list[int]:
        """Two statements for all of them."""
        _prefer_indexes()
        numbers = [postgres_pages.count_up_to(at_most, and_(_findable(), _matching(text)), f"text_{place}") for place, text in enumerate(texts)]
        return list(db.session.execute(select(*(number.scalar_subquery() for number in numbers))).one()) if numbers else []

    def store(self, entries: Sequence[Entry]) -> int:
        """One statement for the entries, and the words that are new."""
        return postgres_writes.store(entries)

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
    return and_(SearchDocument.is_deleted.is_(False), not_past(SearchDocument))


def _in_headline(query: EngineQuery) -> Conditions:
    """Matching the text, which is in the title, company or place as a whole. Only for what it excludes is the whole text looked at."""
    rendered = render(replace(query.text, excluded=()), with_prefix=query.with_prefix)
    headline = SearchDocument.headline.bool_op("@@")(as_tsquery(rendered))
    return and_(headline, _matching(query.text, with_prefix=query.with_prefix)) if query.text.excluded else headline


def _matching(text: Query, *, with_prefix: bool = False) -> Conditions:
    if text.is_empty:
        return true()
    if text.has_wishes:
        return SearchDocument.words.bool_op("@@")(as_tsquery(render(text, with_prefix=with_prefix)))
    # The index knows which documents hold a word, not which do not: what only excludes is turned round.
    refused = " | ".join(render(Query(phrases=(phrase,))) for phrase in text.excluded)
    return SearchDocument.job_id.not_in(select(SearchDocument.job_id).where(SearchDocument.words.bool_op("@@")(as_tsquery(refused))))
