"""The searchable copy of each job in PostgreSQL, the words that correct what is mistyped, and what is suggested to who types."""

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Identity, Index, SmallInteger, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import Model, db
from app.jobs.models import Currency, ExperienceLevel, JobType

# A job has some five hundred lexemes. Put into the index one after the other they take several times the processor time that they take together
# with those of some two hundred other jobs. Until then they lie in a list that every search reads through: at 4 MB it costs some two milliseconds.
_GATHERED = {"fastupdate": "on", "gin_pending_list_limit": "4096"}


# What is filtered and counted: without a text to search for, the index alone is read.
_FACTS = [
    "deadline", "company_id", "location", "location_folded", "job_type", "experience_level", "salary_min", "salary_max", "currency", "is_remote",
]  # fmt: skip


class SearchDocument(Model):
    """What is searched, filtered, sorted and counted of a public job; nothing else, and no personal data.

    A job that is not public leaves a tombstone (`is_deleted`, no content), so that its version goes on refusing older writes. There is no
    foreign key: the tombstone outlives the job's row. `words` has every folded word, weighted A title, B company and place, C the rest;
    `exact` the same words with their accents; `headline` both forms of A and B alone, short enough to rank every match by.
    """

    __tablename__ = "search_documents"
    __table_args__ = (
        Index("ix_search_documents_words", "words", postgresql_using="gin", postgresql_with=_GATHERED),
        Index("ix_search_documents_headline", "headline", postgresql_using="gin", postgresql_with=_GATHERED),
        Index(
            "ix_search_documents_newest",
            text("created_at DESC"),
            text("job_id DESC"),
            postgresql_where=text("NOT is_deleted"),
            postgresql_include=_FACTS,
        ),
    )

    job_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(BigInteger)
    is_deleted: Mapped[bool]
    headline: Mapped[str | None] = mapped_column(TSVECTOR)
    words: Mapped[str | None] = mapped_column(TSVECTOR)
    exact: Mapped[str | None] = mapped_column(TSVECTOR)
    title: Mapped[str | None]
    company_id: Mapped[int | None] = mapped_column(BigInteger)
    location: Mapped[str | None]
    location_folded: Mapped[str | None]
    job_type: Mapped[JobType | None] = mapped_column(db.String(16))
    experience_level: Mapped[ExperienceLevel | None] = mapped_column(db.String(16))
    salary_min: Mapped[int | None] = mapped_column(BigInteger)
    salary_max: Mapped[int | None] = mapped_column(BigInteger)
    currency: Mapped[Currency | None] = mapped_column(db.String(3))
    is_remote: Mapped[bool | None]
    deadline: Mapped[date | None]
    created_at: Mapped[datetime | None] = mapped_column(db.DateTime(timezone=True))


class SearchWord(Model):
    """A folded word that stands in some job. `variants` are the word and what is left of it when one letter is taken out."""

    __tablename__ = "search_words"
    __table_args__ = (Index("ix_search_words_variants", "variants", postgresql_using="gin"),)

    word: Mapped[str] = mapped_column(Text, primary_key=True)
    variants: Mapped[list[str]] = mapped_column(ARRAY(Text))


class SuggestionKind(StrEnum):
    TITLE = "title"
    COMPANY = "company"
    SKILL = "skill"


class SearchSuggestion(Model):
    """A text that open jobs have as title, company or skill, as it is shown. `folded` are its words without accents.

    `weight` is the number of binary digits of how many jobs have it: coarse, so that it seldom changes. `job_ids` are a few of those jobs, by
    which a reader sees that it is not out of date.
    """

    __tablename__ = "search_suggestions"
    __table_args__ = (UniqueConstraint("kind", "folded"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[SuggestionKind] = mapped_column(db.String(8))
    folded: Mapped[str] = mapped_column(Text)
    label: Mapped[str] = mapped_column(Text)
    company_id: Mapped[int | None] = mapped_column(BigInteger)
    weight: Mapped[int] = mapped_column(SmallInteger)
    job_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))


class SearchPrefix(Model):
    """The beginning of a suggestion, or of its rest from one of its words on: the best suggestions that go on from there."""

    __tablename__ = "search_prefixes"

    # Compared byte by byte, so that an index finds what begins alike.
    prefix: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    suggestion_ids: Mapped[list[int]] = mapped_column(ARRAY(BigInteger))
