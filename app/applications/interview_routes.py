"""`/applications/interviews/`: a recruiter sets interviews, both sides read them."""

from apiflask import APIBlueprint

from app.applications import interviews
from app.applications.interview_schemas import InterviewCreate, InterviewOut, InterviewPatch, InterviewQuery
from app.applications.models import Interview
from app.applications.visibility import get_interview
from app.core.auth import Role, current_actor, require
from app.core.contract import accepts, queries, returns
from app.core.pagination import Page, page, page_of, paginate
from app.core.unit_of_work import unit_of_work

blp = APIBlueprint("interviews", __name__, tag="Interviews")

ORDERINGS = {name: getattr(Interview, name) for name in ("interview_date", "created_at", "updated_at")}
InterviewPage = page_of(InterviewOut)


@blp.get("/applications/interviews/")
@require()
@queries(InterviewQuery)
@returns(InterviewPage)
def list_interviews(query: InterviewQuery) -> Page[InterviewOut]:
    """The interviews of the applications that you see, newest first; cancelled ones too."""
    statement = interviews.list_interviews(current_actor(), application_id=query.application, status=query.status)
    rows, total = paginate(statement, query, orderings=ORDERINGS, tie=Interview.id)
    return page(InterviewPage, rows, total, query, InterviewOut.of)


@blp.post("/applications/interviews/")
@require(Role.RECRUITER)
@accepts(InterviewCreate)
@returns(InterviewOut, 201)
def schedule_interview(data: InterviewCreate) -> InterviewOut:
    """Invite a candidate, by mail with a calendar event; the application becomes INTERVIEW_SCHEDULED.

    409 `interview_exists` (a cancelled one is set anew in its place), `illegal_transition`.
    """
    values = dict(data)
    application_id, _ = values.pop("application"), values.pop("status")
    with unit_of_work():
        return InterviewOut.of(interviews.schedule(current_actor(), application_id, values))


@blp.get("/applications/interviews/<int:interview_id>/")
@require()
@returns(InterviewOut)
def show_interview(interview_id: int) -> InterviewOut:
    """One interview."""
    return InterviewOut.of(get_interview(current_actor(), interview_id))


@blp.patch("/applications/interviews/<int:interview_id>/")
@require(Role.RECRUITER)
@accepts(InterviewPatch)
@returns(InterviewOut)
def change_interview(interview_id: int, data: InterviewPatch) -> InterviewOut:
    """Move or edit an interview, or set its status: CANCELLED, COMPLETED, or SCHEDULED again after a cancellation.

    Each visible change is mailed to the candidate as an update of the calendar event. 409 `interview_closed`, `illegal_transition`.
    """
    with unit_of_work():
        return InterviewOut.of(interviews.change(current_actor(), interview_id, data.given()))


@blp.delete("/applications/interviews/<int:interview_id>/")
@require(Role.RECRUITER)
@returns(None)
def cancel_interview(interview_id: int) -> None:
    """Cancel an interview; the candidate's calendar is told, and it stays readable as CANCELLED."""
    with unit_of_work():
        interviews.cancel(current_actor(), interview_id)
