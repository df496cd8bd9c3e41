"""Jobs for a candidate: from the primary résumé and the wishes in the account."""

from collections.abc import Iterator

from app.accounts.models import User
from app.resumes import service as resumes
from app.search import listing
from app.search.choice import searcher
from app.search.criteria import NEWEST, Filters, read_place
from app.search.engine import EngineQuery, Hits
from app.search.listing import Cut
from app.search.query import MAX_QUERY_WORDS, Query, Term
from app.search.synonyms import thesaurus
from app.search.text import analyse


def recommend(candidate: User, *, limit: int, offset: int) -> Hits:
    """One page of jobs and how many there are: those that match a wished title, the résumé's title or a skill, else the newest.

    Jobs at the desired place stand higher; others are not left out.
    """
    wishes = _wishes(candidate)
    place = read_place(candidate.desired_location or "")
    if wishes.has_wishes:
        with searcher() as engine:
            hits = engine.search(EngineQuery(text=wishes, limit=limit, offset=offset, preferred_place=place))
        if hits.total:
            return hits
    return listing.list_public(Filters(), Cut(NEWEST, limit, offset))


def _wishes(candidate: User) -> Query:
    """Any one of the expressions is enough; each has all its words, so that a common word in a long title does not fetch half the board."""
    resume = resumes.find_primary(candidate.id)
    typed = [candidate.desired_job_title or ""]
    if resume is not None:
        typed += [resume.title, *resume.skills]
    terms: list[Term] = []
    room = MAX_QUERY_WORDS
    for term in dict.fromkeys(term for expression in typed for term in _terms(expression)):
        room -= len(term.words)
        if room < 0:
            break
        terms.append(term)
    return Query(terms=tuple(terms), match_any=True)


def _terms(expression: str) -> Iterator[Term]:
    """The expression as a whole, and what the thesaurus knows in it."""
    words = tuple(analyse(expression))[:MAX_QUERY_WORDS]
    if words:
        yield Term(words)
    yield from (term for term in thesaurus().read(words) if term.synonyms)
