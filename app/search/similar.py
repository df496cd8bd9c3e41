"""Jobs like another: the same words in the title, the same skills, the same place a little before others."""

from dataclasses import replace

from app.jobs.models import Job
from app.search import skills
from app.search.choice import searcher
from app.search.criteria import read_place
from app.search.engine import EngineQuery, Hits
from app.search.query import MAX_QUERY_WORDS, Query, Term, parse
from app.search.relaxing import count_terms, rarest
from app.search.text import analyse

MOST_SKILLS = 8
"""Skills that are taken from a job's requirements, the first that are named."""


def find_similar(job: Job, *, limit: int, offset: int) -> Hits:
    """One page of the jobs that have any of the rarer words of its title or of its skills, those with most of them first; never the job itself."""
    wishes = _wishes(job)
    with searcher() as engine:
        rarer = rarest(count_terms(engine, wishes))
        if not rarer:
            return Hits([], 0)
        text = replace(wishes, terms=tuple(rarer))
        place = read_place(job.location)
        return engine.search(EngineQuery(text=text, limit=limit, offset=offset, preferred_place=place, excluded_ids=(job.id,)))


def _wishes(job: Job) -> Query:
    title = parse(job.title.replace('"', " ").replace("-", " ")).terms
    named = dict.fromkeys(Term(phrase) for phrase in skills.named_in(analyse(job.requirements)))
    terms: list[Term] = []
    room = MAX_QUERY_WORDS
    for term in dict.fromkeys((*title, *list(named)[:MOST_SKILLS])):
        room -= len(term.words)
        if room < 0:
            break
        terms.append(term)
    return Query(terms=tuple(terms), match_any=True)
