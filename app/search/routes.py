"""`/jobs/`, `/jobs/search/` and the other lists of jobs, and what is suggested while one types. Single postings are in app.jobs."""

from apiflask import APIBlueprint

from app.core.auth import Role, WrongRole, current_actor, public, require
from app.core.contract import queries, returns
from app.core.pagination import MAX_OFFSET, Page
from app.jobs.errors import JobNotFound
from app.jobs.schemas import JobOut
from app.search import listing, pages, paging, recommendations, similar, suggestions
from app.search.criteria import DEEPEST, NEWEST, RELEVANCE
from app.search.engine import EngineQuery, Hits
from app.search.finding import Found, find
from app.search.highlights import marker
from app.search.listing import Cut
from app.search.pages import Row
from app.search.paging import SKIPPED_BY_ENGINES, Start
from app.search.schemas import (
    Facets,
    FoundJob,
    JobBoardQuery,
    JobListQuery,
    JobPage,
    JobSearchPage,
    RecommendationQuery,
    SuggestionOut,
    SuggestionsOut,
    SuggestQuery,
)

blp = APIBlueprint("search", __name__, tag="Jobs")


@blp.get("/jobs/")
@public
@queries(JobBoardQuery)
@returns(JobPage)
def list_jobs(query: JobBoardQuery) -> Page[JobOut]:
    """Jobs that take applications; with `mine=true` a recruiter's own, drafts and closed ones too."""
    if query.mine:
        return _own_jobs(query)
    if query.typed:
        start = _start(query)
        found = _find(query, start, with_facets=False)
        return _page(pages.load_public(found.hits.ids), found.hits, paging.links(query, start, found.hits, found.reading))
    start = paging.read(query, deepest=MAX_OFFSET + 1)
    hits = listing.list_public(query.filters(), _cut(query, start))
    return _page(pages.load_public(hits.ids), hits, paging.links(query, start, hits))


@blp.get("/jobs/search/")
@public
@queries(JobListQuery)
@returns(JobSearchPage)
def search_jobs(query: JobListQuery) -> JobSearchPage:
    """Jobs that take applications and have what was typed, with counts for narrowing the search.

    Words are joined by AND; "quoted words" are a phrase, `-word` excludes. When nothing matches, slips are corrected, then any word is enough.
    """
    start = _start(query)
    found = _find(query, start, with_facets=True)
    marks = marker(found.text, with_prefix=found.reading.with_prefix)
    rows, names = pages.load_found(found.hits.ids, [value for value, _ in found.hits.facets.get("company", ())])
    return JobSearchPage(
        count=found.hits.total,
        **paging.links(query, start, found.hits, found.reading),
        results=[FoundJob.found(*row, marks) for row in rows],
        facets=Facets.of(found.hits.facets, names),
        engine=found.engine,
        degraded=found.is_degraded,
        relaxed=found.is_relaxed,
        corrected=found.reading.corrected,
        did_you_mean=found.did_you_mean,
    )


@blp.get("/jobs/recommendations/")
@require(Role.CANDIDATE)
@queries(RecommendationQuery)
@returns(JobPage)
def recommend_jobs(query: RecommendationQuery) -> Page[JobOut]:
    """Jobs that fit your primary résumé and your wishes, the best first; without either, the newest."""
    start = paging.at_offset(query, deepest=DEEPEST)
    hits = recommendations.recommend(current_actor(), limit=query.limit, offset=start.offset)
    return _page(pages.load_public(hits.ids), hits, paging.links_by_offset(query, start, hits.total))


@blp.get("/jobs/suggest/")
@public
@queries(SuggestQuery)
@returns(SuggestionsOut)
def suggest_searches(query: SuggestQuery) -> SuggestionsOut:
    """Titles, companies and skills of open jobs in which a word begins as `q`, the best first; when none does, those one slip away."""
    return SuggestionsOut(results=[SuggestionOut.model_validate(found) for found in suggestions.suggest(query.q, limit=query.limit)])


@blp.get("/jobs/<int:job_id>/similar/")
@public
@queries(RecommendationQuery)
@returns(JobPage)
def list_similar_jobs(job_id: int, query: RecommendationQuery) -> Page[JobOut]:
    """Open jobs like this one, the most alike first."""
    start = paging.at_offset(query, deepest=DEEPEST)
    found = pages.load_public([job_id])
    if not found:
        raise JobNotFound
    hits = similar.find_similar(found[0][0], limit=query.limit, offset=start.offset)
    return _page(pages.load_public(hits.ids), hits, paging.links_by_offset(query, start, hits.total))


def _own_jobs(query: JobBoardQuery) -> Page[JobOut]:
    owner = current_actor()
    if owner.user_type != Role.RECRUITER:
        raise WrongRole
    start = paging.read(query, deepest=MAX_OFFSET + 1)
    hits = listing.list_own(owner, query.filters(), _cut(query, start), text=query.typed, statuses=query.status)
    return _page(pages.load_own(owner, hits.ids), hits, paging.links(query, start, hits))


def _start(query: JobListQuery) -> Start:
    is_ranked = query.typed and query.ordering in (None, RELEVANCE)
    return paging.read(query, deepest=DEEPEST if is_ranked else SKIPPED_BY_ENGINES)


def _find(query: JobListQuery, start: Start, *, with_facets: bool) -> Found:
    asked = EngineQuery(
        filters=query.filters(),
        ordering=query.ordering or RELEVANCE,
        limit=query.limit,
        offset=start.offset,
        with_facets=with_facets,
        as_of=start.as_of,
        after=start.after,
    )
    return find(query.typed, asked, reading=start.reading)


def _cut(query: JobListQuery, start: Start) -> Cut:
    return Cut(query.ordering or NEWEST, query.limit, start.offset, start.after)


def _page(rows: list[Row], hits: Hits, links: dict[str, str | None]) -> Page[JobOut]:
    return JobPage(count=hits.total, **links, results=[JobOut.of(*row) for row in rows])
