"""A search as Elasticsearch's query DSL: what matches. `scoring` says how well.

Words come from the text pipeline, letters and digits only, and are looked up as they are: nothing that was typed is syntax here.
"""

from typing import Any

from app.core.clock import today
from app.search.criteria import Filters, Place
from app.search.elastic.contents import micros
from app.search.query import Phrase, Query, Term
from app.search.text import Token
from app.search.tsquery import MIN_PREFIX_LENGTH

Clause = dict[str, Any]

_PLACES = 1000
"""Words that the beginning of a place's last word may stand for."""


def every(clauses: list[Clause]) -> Clause:
    """All of the clauses, at least one."""
    return clauses[0] if len(clauses) == 1 else {"bool": {"filter": clauses}}


def some(clauses: list[Clause]) -> Clause:
    """Any one of the clauses, at least one."""
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": clauses, "minimum_should_match": 1}}


def findable(text: Query, *, with_prefix: bool = False) -> list[Clause]:
    """Open, live, its deadline not past, and matching the text. Clauses that all hold."""
    alive: Clause = {"term": {"is_deleted": False}}
    return [alive, not_past(), *text_clauses(text, "words", with_prefix=with_prefix)]


def text_clauses(text: Query, field: str, *, with_prefix: bool = False, with_accents: bool = False) -> list[Clause]:
    """The words of the query in a field, wishes and exclusions. `with_accents` asks for the words as they were typed."""
    prefixed = prefix_of(text) if with_prefix else None
    wishes = [term_clause(term, field, prefixed, with_accents) for term in text.terms]
    wishes += [in_a_row(phrase, field, with_accents) for phrase in text.phrases]
    if text.match_any and wishes:
        wishes = [some(wishes)]
    refused = [in_a_row(phrase, field, with_accents) for phrase in text.excluded]
    return wishes + ([{"bool": {"must_not": refused}}] if refused else [])


def term_clause(term: Term, field: str, prefixed: Token | None, with_accents: bool = False) -> Clause:
    """All words of a term, or one of its synonyms as a phrase; its last word may be a prefix."""
    words = [word(token, field, with_accents) for token in term.words]
    if term.words[-1] == prefixed:
        words[-1] = {"prefix": {field: {"value": _form(term.words[-1], with_accents)}}}
    return some([every(words), *(in_a_row(synonym, field, with_accents) for synonym in term.synonyms)])


def in_a_row(phrase: Phrase, field: str, with_accents: bool = False) -> Clause:
    """The words of a phrase one after the other."""
    if len(phrase) == 1:
        return word(phrase[0], field, with_accents)
    return {"match_phrase": {field: " ".join(_form(token, with_accents) for token in phrase)}}


def word(token: Token, field: str, with_accents: bool = False) -> Clause:
    """One word."""
    return {"term": {field: _form(token, with_accents)}}


def prefix_of(text: Query) -> Token | None:
    """The word that may still be unfinished, if it has letters enough."""
    return text.unfinished if text.unfinished and len(text.unfinished.folded) >= MIN_PREFIX_LENGTH else None


def not_past() -> Clause:
    """The deadline, if any, is today or later."""
    return some([{"range": {"deadline": {"gte": today().isoformat()}}}, {"bool": {"must_not": [{"exists": {"field": "deadline"}}]}}])


def by_facet(wanted: Filters) -> dict[str, Clause]:
    """The conditions that belong to a facet, by its name; a filter that asks for nothing has none."""
    found: dict[str, Clause] = {}
    if wanted.job_types:
        found["job_type"] = {"terms": {"job_type": list(wanted.job_types)}}
    if wanted.experience_levels:
        found["experience_level"] = {"terms": {"experience_level": list(wanted.experience_levels)}}
    if wanted.place is not None:
        found["location"] = at_place(wanted.place)
    if wanted.company_ids:
        found["company"] = {"terms": {"company_id": list(wanted.company_ids)}}
    if wanted.is_remote is not None:
        found["remote"] = {"term": {"is_remote": wanted.is_remote}}
    return found


def others(wanted: Filters) -> list[Clause]:
    """The remaining conditions: pay, and how long ago the job was posted."""
    conditions: list[Clause] = []
    if wanted.salary_min is not None:
        conditions.append({"range": {"pays_to": {"gte": wanted.salary_min}}})
    if wanted.salary_max is not None:
        conditions.append({"range": {"pays_from": {"lte": wanted.salary_max}}})
    if wanted.currency is not None:
        conditions.append({"term": {"currency": wanted.currency}})
    if wanted.posted_after is not None:
        conditions.append({"range": {"created_micros": {"gte": micros(wanted.posted_after)}}})
    return conditions


def at_place(place: Place) -> Clause:
    """The job's location is the place, or lies in it. See `Place` for its patterns, whose words stand between blanks."""
    groups = [some([_location(pattern) for pattern in group]) for group in place.groups]
    return some([_location(place.whole), *([every(groups)] if groups else [])])


def _location(pattern: str) -> Clause:
    words = pattern.strip("% ")
    if pattern.endswith(" %"):
        return {"match_phrase": {"location_words": words}}
    return {"match_phrase_prefix": {"location_words": {"query": words, "max_expansions": _PLACES}}}


def _form(token: Token, with_accents: bool) -> str:
    return token.accented if with_accents else token.folded
