"""`/jobs/`: one posting, and what its company does with it. Lists and searches are in app.search."""

from typing import cast

from apiflask import APIBlueprint
from flask import Response, current_app, request

from app.core.auth import Role, current_actor, find_actor, public, require
from app.core.contract import JSON, NOT_MODIFIED, accepts, answers_also, returns
from app.core.unit_of_work import unit_of_work
from app.jobs import cache, service
from app.jobs.cache import PublicCopy
from app.jobs.cached_answers import REFERENCE
from app.jobs.counters import ViewCounter
from app.jobs.errors import JobNotFound
from app.jobs.models import Job
from app.jobs.schemas import JobCreate, JobOut, JobPatch

blp = APIBlueprint("jobs", __name__, tag="Jobs")


@blp.post("/jobs/")
@require(Role.RECRUITER)
@accepts(JobCreate)
@returns(JobOut, 201)
def create_job(data: JobCreate) -> JobOut:
    """Write a posting for one of your companies: a draft, free, or with `status` OPEN published at once for posting credits."""
    with unit_of_work():
        return JobOut.of(service.create(current_actor(), data.given()))


@blp.get("/jobs/<reference>/")
@public
@returns(JobOut)
@answers_also(304, NOT_MODIFIED)
def get_job(reference: str) -> Response:
    """One posting by id or slug, with an `ETag` to ask again by. Its company and admins see it in any status."""
    job_id = _id_of(reference)
    copy = cache.find_public(job_id)
    if copy is None:
        return _managed_view(job_id)
    if request.method == "GET":
        cast(ViewCounter, current_app.extensions["job_views"]).note(job_id)
    return _conditional(copy)


@blp.patch("/jobs/<int:job_id>/")
@require(Role.RECRUITER, Role.ADMIN)
@accepts(JobPatch)
@returns(JobOut)
def update_job(job_id: int, data: JobPatch) -> JobOut:
    """Change a posting of yours; readers see it at once."""
    with unit_of_work():
        return _out(service.update(current_actor(), job_id, data.given()))


@blp.delete("/jobs/<int:job_id>/")
@require(Role.RECRUITER, Role.ADMIN)
@returns(None)
def delete_job(job_id: int) -> None:
    """Hide a posting of yours; applications keep showing it, and it can be restored."""
    with unit_of_work():
        service.delete(current_actor(), job_id)


@blp.post("/jobs/<int:job_id>/publish/")
@require(Role.RECRUITER)
@returns(JobOut)
def publish_job(job_id: int) -> JobOut:
    """Open a draft to applicants, for posting credits; or a closed posting again, free."""
    with unit_of_work():
        return _out(service.publish(current_actor(), job_id))


@blp.post("/jobs/<int:job_id>/close/")
@require(Role.RECRUITER)
@returns(JobOut)
def close_job(job_id: int) -> JobOut:
    """Take no more applications; the public does not see the posting any more."""
    with unit_of_work():
        return _out(service.close(current_actor(), job_id))


@blp.post("/jobs/<int:job_id>/restore/")
@require(Role.RECRUITER)
@returns(JobOut)
def restore_job(job_id: int) -> JobOut:
    """Undo a deletion: the posting returns to the status it had, free of charge."""
    with unit_of_work():
        return _out(service.restore(current_actor(), job_id))


def _out(job: Job) -> JobOut:
    return JobOut.of(job, service.find_counters(job.id))


def _id_of(reference: str) -> int:
    """The id in `12` or `ky-su-phan-mem-12`: a slug of an older title still finds its job. Raises JobNotFound."""
    found = REFERENCE.fullmatch(reference)
    if found is None:
        raise JobNotFound
    return int(found.group(1))


def _conditional(copy: PublicCopy) -> Response:
    """The body, or 304 when the client has exactly these bytes; `no-cache` makes it ask each time (RFC 9111)."""
    headers = {"ETag": f'"{copy.etag}"', "Cache-Control": "no-cache"}
    if "HTTP_IF_NONE_MATCH" in request.environ and request.if_none_match.contains_weak(copy.etag):
        return Response(status=304, headers=headers)
    return Response(copy.body, headers=headers, content_type=JSON)


def _managed_view(job_id: int) -> Response:
    """What the owner or an admin sees of a posting that is not public: never cached. Raises JobNotFound."""
    actor = find_actor()
    if actor is None or actor.user_type == Role.CANDIDATE:
        raise JobNotFound
    body = JobOut.of(*service.get_managed(actor, job_id)).model_dump_json()
    return Response(body, headers={"Cache-Control": "private, no-store"}, content_type=JSON)
