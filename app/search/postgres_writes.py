"""The engine on PostgreSQL full text: storing documents and tombstones, one by one or all anew."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

import psycopg
from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import insert

from app.extensions import db
from app.search import expressions, vocabulary
from app.search.documents import FACTS, Document, Entry
from app.search.models import SearchDocument, SearchWord
from app.search.text import IndexText
from app.search.tsvector import Field, render

_COLUMNS = ("job_id", "version", "is_deleted", "headline", "words", "exact", *FACTS)

_STORED = insert(SearchDocument)
_STORED_UNLESS_OLDER = _STORED.on_conflict_do_update(
    index_elements=[SearchDocument.job_id],
    set_={name: _STORED.excluded[name] for name in _COLUMNS if name != "job_id"},
    where=SearchDocument.version <= _STORED.excluded.version,
)


def store(entries: Sequence[Entry]) -> int:
    """Write the entries in the open transaction, unless a newer version is stored; return how many were written."""
    if not entries:
        return 0
    vocabulary.learn(words_of(entries))
    # In the order of the ids, so that two writers never wait for each other. Row by row, all sent at once: as one statement of many rows they would
    # have to be compiled anew for each number of them, which takes longer than the rows do.
    rows = [dict(zip(_COLUMNS, _row(entry), strict=True)) for entry in sorted(entries, key=lambda entry: entry.job_id)]
    return db.session.connection().execute(_STORED_UNLESS_OLDER, rows, execution_options={"preserve_rowcount": True}).rowcount


def words_of(entries: Iterable[Entry]) -> set[str]:
    """The folded words of the documents among the entries."""
    documents = (entry for entry in entries if isinstance(entry, Document))
    fields = (field for one in documents for field in (one.title, one.company, one.place, one.body))
    return {word for field in fields for word in field.folded.split()}


def refill(batches: Iterable[Sequence[Entry]]) -> int:
    """Replace everything by the entries, in the open transaction; return how many there are. Searchers wait until it has committed."""
    connection = db.session.connection()
    connection.execute(text("SET LOCAL statement_timeout = 0"))
    connection.execute(text("TRUNCATE search_documents, search_words"))
    indexes = sorted(cast("set[Index]", SearchDocument.__table__.indexes), key=lambda index: str(index.name))  # type: ignore[attr-defined]
    # An index made at once over all rows takes a fraction of the time that row after row takes.
    for index in indexes:
        index.drop(connection)
    copied, words = 0, set[str]()
    for batch in batches:
        _copy(SearchDocument.__tablename__, _COLUMNS, map(_row, batch))
        words |= words_of(batch)
        copied += len(batch)
    _copy(SearchWord.__tablename__, ("word", "variants"), ((word, list(found)) for word, found in vocabulary.entries(words)))
    for index in indexes:
        index.create(connection)
    connection.execute(text("ANALYZE search_documents, search_words"))
    return copied


def _copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    cursor = cast(psycopg.Cursor, db.session.connection().connection.cursor())
    with cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _row(entry: Entry) -> tuple[Any, ...]:
    if not isinstance(entry, Document):
        return (entry.job_id, entry.version, True, *[None] * (len(_COLUMNS) - 3))
    columns = [_Column(*parts) for parts in (("A", entry.title), ("B", entry.company), ("B", entry.place), ("C", entry.body))]
    vectors = (
        render(Field(one.weight, [one.folded, one.accented], one.rows) for one in columns[:3]),
        render(Field(one.weight, [one.folded], one.rows) for one in columns),
        render(Field(one.weight, [one.accented]) for one in columns),
    )
    return (entry.job_id, entry.version, False, *vectors, *(entry.facts[name] for name in FACTS))


class _Column:
    """The words of one field, split once for the three vectors."""

    def __init__(self, weight: str, words: IndexText) -> None:
        self.weight = weight
        self.folded = words.folded.split()
        self.accented = words.accented.split()
        self.rows = [*enumerate(expressions.pairs(self.folded)), *expressions.find(self.folded)]
