"""What a list of jobs is narrowed and sorted by, whoever answers: the rows of jobs, or an engine."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from app.jobs.models import Currency, ExperienceLevel, JobType
from app.search.synonyms import Phrase, thesaurus
from app.search.text import analyse

RELEVANCE = "relevance"
NEWEST = "-created_at"
ORDERINGS = ("created_at", "salary_max", "deadline", "title")

_MIN_PREFIX_LENGTH = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A place as LIKE patterns on a folded location: each group must be met, by any one of its patterns."""

    groups: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Filters:
    """Conditions that all hold; an empty tuple and None ask for nothing.

    A job's pay must reach `salary_min` and begin at or below `salary_max`, amounts in the minor unit of `currency`; with either, a job that
    states no pay is left out.
    """

    job_types: tuple[JobType, ...] = ()
    experience_levels: tuple[ExperienceLevel, ...] = ()
    place: Place | None = None
    company_ids: tuple[int, ...] = ()
    salary_min: int | None = None
    salary_max: int | None = None
    currency: Currency | None = None
    is_remote: bool | None = None
    posted_after: datetime | None = None


def read_place(text: str) -> Place | None:
    """The place that was typed, without regard to accents: `hcm` is `Sài Gòn` too. The last word may be unfinished; None without any word."""
    terms = list(thesaurus().read(analyse(text)))
    return Place(tuple(tuple(_patterns(term.words, term.synonyms)) for term in terms)) if terms else None


def _patterns(typed: Phrase, synonyms: tuple[Phrase, ...]) -> Iterator[str]:
    """Patterns for `fold_words`, in which a blank stands on either side of each word; tokens hold nothing that LIKE would interpret."""
    words = " ".join(token.folded for token in typed)
    yield f"% {words}%" if len(typed[-1].folded) >= _MIN_PREFIX_LENGTH else f"% {words} %"
    yield from (f"% {' '.join(token.folded for token in synonym)} %" for synonym in synonyms)
