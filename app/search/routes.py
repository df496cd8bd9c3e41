"""`/jobs/`, `/jobs/search/` and `/jobs/recommendations/`: lists of jobs. Single postings are in app.jobs."""

from apiflask import APIBlueprint

from app.core.auth import Role, WrongRole, current_actor, public, require
from app.core.contract import queries, returns
from app.core.pagination import ListQuery, Page, page
from app.jobs.schemas import JobOut
from app.search import listing, pages, recommendations
from app.search.criteria import NEWEST, RELEVANCE
from app.search.engine import EngineQuery
from app.search.finding import Found, find
from app.search.pages import Row
from app.search.schemas import Facets, JobBoardQuery, JobListQuery, JobPage, JobSearchPage, RecommendationQuery

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
        found = _find(query, with_facets=False)
        return _page(query, pages.load_public(found.hits.ids), found.hits.total)
    ids, total = listing.list_public(query.filters(), ordering=query.ordering or NEWEST, limit=query.limit, offset=query.offset)
    return _page(query, pages.load_public(ids), total)


@blp.get("/jobs/search/")
@public
@queries(JobListQuery)
@returns(JobSearchPage)
def search_jobs(query: JobListQuery) -> JobSearchPage:
    """Jobs that take applications and have what was typed, with counts for narrowing the search.

    Words are joined by AND; "quoted words" are a phrase, `-word` excludes. When nothing matches, slips are corrected, then any word is enough.
    """
    found = _find(query, with_facets=True)
    listed = _page(query, pages.load_public(found.hits.ids), found.hits.total)
    names = pages.company_names([value for value, _ in found.hits.facets.get("company", ())])
    return JobSearchPage(
        **dict(listed),
        facets=Facets.of(found.hits.facets, names),
        engine=found.engine,
        degraded=found.is_degraded,
        relaxed=found.is_relaxed,
        corrected=found.corrected,
    )


@blp.get("/jobs/recommendations/")
@require(Role.CANDIDATE)
@queries(RecommendationQuery)
@returns(JobPage)
def recommend_jobs(query: RecommendationQuery) -> Page[JobOut]:
    """Jobs that fit your primary résumé and your wishes, the best first; without either, the newest."""
    ids, total = recommendations.recommend(current_actor(), limit=query.limit, offset=query.offset)
    return _page(query, pages.load_public(ids), total)


def _own_jobs(query: JobBoardQuery) -> Page[JobOut]:
    owner = current_actor()
    if owner.user_type != Role.RECRUITER:
        raise WrongRole
    ids, total = listing.list_own(
        owner,
        query.filters(),
        text=query.typed,
        statuses=query.status,
        ordering=query.ordering or NEWEST,
        limit=query.limit,
        offset=query.offset,
    )
    return _page(query, pages.load_own(owner, ids), total)


def _find(query: JobListQuery, *, with_facets: bool) -> Found:
    asked = EngineQuery(
        filters=query.filters(), ordering=query.ordering or RELEVANCE, limit=query.limit, offset=query.offset, with_facets=with_facets
    )
    return find(query.typed, asked)


def _page(query: ListQuery, rows: list[Row], total: int) -> Page[JobOut]:
    return page(JobPage, rows, total, query, lambda row: JobOut.of(*row))
