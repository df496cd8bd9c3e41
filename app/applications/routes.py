"""`/applications/`: applying, following an application, deciding on it, and the file that came with it."""

from apiflask import APIBlueprint
from flask import Response

from app.applications import service, submission
from app.applications.history import events_of
from app.applications.models import Application, ApplicationEvent
from app.applications.schemas import (
    ApplicationCreate,
    ApplicationOut,
    ApplicationPatch,
    ApplicationQuery,
    CandidateStats,
    EventOut,
    RecruiterStats,
)
from app.applications.submission import NewApplication
from app.applications.visibility import get_application
from app.core import storage
from app.core.auth import Role, current_actor, require
from app.core.contract import accepts, queries, returns, returns_file
from app.core.pagination import ListQuery, Page, page, page_of, paginate
from app.core.rates import counts_created, rate_limit
from app.core.unit_of_work import unit_of_work
from app.core.uploads import read_cv

blp = APIBlueprint("applications", __name__, tag="Applications")

ORDERINGS = {name: getattr(Application, name) for name in ("applied_at", "created_at", "updated_at", "status")}
ApplicationPage = page_of(ApplicationOut)
EventPage = page_of(EventOut)


@blp.get("/applications/")
@require()
@queries(ApplicationQuery)
@returns(ApplicationPage)
def list_applications(query: ApplicationQuery) -> Page[ApplicationOut]:
    """A candidate's own applications, those to a recruiter's companies, or, for an admin, all; newest first."""
    actor = current_actor()
    statement = service.list_applications(actor, status=query.status, job_id=query.job, typed=query.q)
    rows, total = paginate(statement, query, orderings=ORDERINGS, tie=Application.id)
    return page(ApplicationPage, rows, total, query, lambda row: ApplicationOut.of(row, actor))


@blp.post("/applications/")
@require(Role.CANDIDATE)
@rate_limit("APPLICATION_SUBMISSION_RATE", counts=counts_created)
@accepts(ApplicationCreate, multipart=True)
@returns(ApplicationOut, 201)
def apply(data: ApplicationCreate) -> ApplicationOut:
    """Apply for an open job, once, with a CV (pdf, doc, docx), a résumé of yours, or both; with neither, the primary résumé is sent.

    400 `unknown_job`, `job_closed`, `deadline_passed`, `unknown_resume`, `cv_required`; 409 `already_applied`. Only accepted
    applications count against the rate.
    """
    actor = current_actor()
    cv = read_cv(data.cv_file) if data.cv_file else None
    new = NewApplication(data.job, data.resume, cv, data.cover_letter or "")
    with unit_of_work():
        application = submission.apply(actor, new)
        return ApplicationOut.of(get_application(actor, application.id), actor)


@blp.get("/applications/<int:application_id>/")
@require()
@returns(ApplicationOut)
def show_application(application_id: int) -> ApplicationOut:
    """One application."""
    actor = current_actor()
    return ApplicationOut.of(get_application(actor, application_id), actor)


@blp.patch("/applications/<int:application_id>/")
@require(Role.CANDIDATE, Role.RECRUITER)
@accepts(ApplicationPatch, multipart=True)
@returns(ApplicationOut)
def change_application(application_id: int, data: ApplicationPatch) -> ApplicationOut:
    """The candidate edits `cover_letter`, `cv_file` and `resume` while it is PENDING; the recruiter sets `status` and `note`.

    409 `under_review`, `illegal_transition`.
    """
    actor = current_actor()
    changes = data.given()
    service.check_fields(actor, changes)
    cv = read_cv(data.cv_file) if data.cv_file else None
    with unit_of_work():
        if actor.user_type == Role.CANDIDATE:
            return ApplicationOut.of(service.edit(actor, application_id, changes, cv), actor)
        return ApplicationOut.of(service.decide(actor, application_id, changes), actor)


@blp.post("/applications/<int:application_id>/withdraw/")
@require(Role.CANDIDATE)
@returns(ApplicationOut)
def withdraw(application_id: int) -> ApplicationOut:
    """Take an application back, for good; 409 `illegal_transition` once it is decided."""
    actor = current_actor()
    with unit_of_work():
        return ApplicationOut.of(service.withdraw(actor, application_id), actor)


@blp.get("/applications/<int:application_id>/history/")
@require()
@queries(ListQuery)
@returns(EventPage)
def show_history(application_id: int, query: ListQuery) -> Page[EventOut]:
    """Every change of the application's status, newest first."""
    statement = events_of(get_application(current_actor(), application_id))
    rows, total = paginate(statement, query, orderings={"created_at": ApplicationEvent.created_at}, tie=ApplicationEvent.id)
    return page(EventPage, rows, total, query, EventOut.model_validate)


@blp.get("/applications/stats/")
@require(Role.CANDIDATE, Role.RECRUITER)
@returns(CandidateStats)
def show_stats() -> CandidateStats | RecruiterStats:
    """The own numbers; a recruiter's come with `byStatus` and `upcomingInterviews`."""
    actor = current_actor()
    return service.candidate_stats(actor) if actor.user_type == Role.CANDIDATE else service.recruiter_stats(actor)


@blp.get("/media/application/<int:application_id>/download/")
@require()
@returns_file("*/*")
def download(application_id: int) -> Response:
    """The CV that came with the application, or else the PDF of its résumé; 404 `no_file` while there is neither."""
    return storage.send(service.get_file(current_actor(), application_id))
