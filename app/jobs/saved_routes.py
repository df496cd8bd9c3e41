"""`/jobs/saved/`: a candidate's bookmarks."""

from apiflask import APIBlueprint
from flask import Response

from app.core.auth import Role, current_actor, require
from app.core.contract import JSON, accepts, answers_also, queries, returns
from app.core.pagination import ListQuery, Page, page, page_of, paginate
from app.core.unit_of_work import unit_of_work
from app.jobs import saved
from app.jobs.models import SavedJob
from app.jobs.schemas import SavedJobOut, SaveJob

blp = APIBlueprint("saved_jobs", __name__, tag="Jobs")
SavedJobPage = page_of(SavedJobOut)
_ORDERINGS = {"created_at": SavedJob.created_at}


@blp.get("/jobs/saved/")
@require(Role.CANDIDATE)
@queries(ListQuery)
@returns(SavedJobPage)
def list_saved(query: ListQuery) -> Page[SavedJobOut]:
    """Your saved jobs, the latest first. A deleted job stays with `is_deleted`, a purged one as a placeholder."""
    rows, total = paginate(saved.listing(current_actor()), query, orderings=_ORDERINGS, tie=SavedJob.id)
    return page(SavedJobPage, rows, total, query, SavedJobOut.of)


@blp.post("/jobs/saved/")
@require(Role.CANDIDATE)
@accepts(SaveJob)
@returns(SavedJobOut, 201)
@answers_also(200, "It was saved before.", SavedJobOut)
def save_job(data: SaveJob) -> Response:
    """Save an open job; one that is saved already is answered with 200 and the first entry."""
    with unit_of_work():
        entry, is_new = saved.save(current_actor(), data.job)
        body = SavedJobOut.of(entry).model_dump_json()
    return Response(body, status=201 if is_new else 200, content_type=JSON)


@blp.delete("/jobs/saved/<int:saved_id>/")
@require(Role.CANDIDATE)
@returns(None)
def forget_job(saved_id: int) -> None:
    """Remove a saved job by the id of the entry (not of the job)."""
    with unit_of_work():
        saved.remove(current_actor(), saved_id)
