"""What a list of jobs is narrowed and sorted by, whoever answers: the rows of jobs, or an engine."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.jobs.models import Currency, ExperienceLevel, JobType
from app.search.synonyms import Term, thesaurus
from app.search.text import Token, analyse

RELEVANCE = "relevance"
NEWEST = "-created_at"
ORDERINGS = ("created_at", "salary_max", "deadline", "title")

DEEPEST = 1000
"""Places that an order by relevance has; nobody looks for the best further down."""

_MIN_PREFIX_LENGTH = 3


@dataclass(frozen=True, slots=True)
class Place:
    """A place as LIKE patterns on a folded location, in which a blank stands on either side of each word.

    Met by `whole`, the words as they were typed, or when each of `groups` is met by any one of its patterns.
    """

    whole: str
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
    words = analyse(text)
    if not words:
        return None
    typed = _folded(words)
    whole = f"% {typed}%" if len(typed) >= _MIN_PREFIX_LENGTH else f"% {typed} %"
    return Place(whole, tuple(_patterns(term) for term in thesaurus().read(words)))


def _patterns(term: Term) -> tuple[str, ...]:
    return tuple(f"% {_folded(phrase)} %" for phrase in (term.words, *term.synonyms))


def _folded(words: Sequence[Token]) -> str:
    """The words in a row; they hold nothing that LIKE would interpret."""
    return " ".join(word.folded for word in words)
