"""`/resumes/{id}/generate-pdf/` and `/download/`: asking for the PDF and getting it."""

from apiflask import APIBlueprint
from flask import Response, request

from app.core.auth import Role, current_actor, public, require
from app.core.contract import JSON, answers_also, queries, returns, returns_file
from app.core.rates import rate_limit
from app.core.storage import StoredFile, send
from app.core.unit_of_work import unit_of_work
from app.resumes import downloads, pdf, pdf_queue
from app.resumes.access import get_own
from app.resumes.models import PdfStatus, Resume
from app.resumes.pdf_state import reason_of_failure
from app.resumes.schemas import DownloadOut, DownloadQuery, PdfAnswer, PdfPending

blp = APIBlueprint("resume_pdf", __name__, tag="Résumés")

# What was removed can be made again: the one difference to a PDF that never was.
PURGED = "The PDF was not used for long and has been removed. Generate it again."
PENDING = {
    PdfStatus.NONE: "There is no PDF of the résumé as it is now. Generate it first.",
    PdfStatus.PROCESSING: "The PDF is being made. Please try again shortly.",
    PdfStatus.FAILED: "The PDF could not be made. Change the résumé or generate it again.",
    PdfStatus.READY: "The PDF is not there.",
}


@rate_limit("PDF_GENERATION_RATE")
def spend_a_render() -> None:
    """Draw on the caller's budget of renders, or refuse with 429."""


def admit() -> None:
    """Refuse with 503 while the queue is too long, which costs nothing; else with 429 when the budget is spent."""
    pdf_queue.check_room()
    spend_a_render()


@blp.post("/resumes/<int:resume_id>/generate-pdf/")
@require(Role.CANDIDATE)
@returns(PdfAnswer, 202)
@answers_also(200, "The PDF is there.", PdfAnswer)
def generate_pdf(resume_id: int) -> Response:
    """Make the PDF: 202 with the task to watch, or 200 with its address when it shows the present content already.

    Asking again while it is being made answers with the same task; only renders count against the rate. 503 `pdf_queue_full` with
    `Retry-After` when the PDF would have to wait too long: nothing was accepted then.
    """
    with unit_of_work():
        actor = current_actor()
        task_id = pdf.request_pdf(actor.id, resume_id, before_render=admit)
        answer = _processing(task_id) if task_id is not None else _ready(get_own(actor.id, resume_id))
    status = 202 if task_id is not None else 200
    return Response(answer.model_dump_json(exclude_none=True), status=status, content_type=JSON)


def _processing(task_id: int) -> PdfAnswer:
    message = "The PDF is being made."
    return PdfAnswer(status=PdfStatus.PROCESSING, task_id=task_id, status_url=f"/api/v1/tasks/{task_id}/", message=message)


def _ready(resume: Resume) -> PdfAnswer:
    downloads.note_use(resume.id, resume.pdf_file_id or 0)
    return PdfAnswer(status=PdfStatus.READY, download_url=downloads.link_to(resume), message="The PDF is ready.")


@blp.get("/resumes/<int:resume_id>/download/")
@public
@queries(DownloadQuery)
@returns_file("application/pdf")
@answers_also(200, "The PDF, or where it is.", DownloadOut)
@answers_also(404, "There is no PDF, or no such résumé.", PdfPending)
def download_pdf(resume_id: int, query: DownloadQuery) -> Response:
    """The PDF, or with `Accept: application/json` a link to it that works for five minutes without signing in.

    For the owner, for a recruiter who received the résumé in an application, and for the holder of such a link (`?token=`).
    404 with `{status: "PENDING", detail}` while there is no PDF, also when it was removed after it had not been used for long;
    of one that could not be made, `detail` gives its owner the reason.
    """
    if query.token:
        return _send(downloads.open_link(query.token, resume_id))
    with unit_of_work():
        resume, stored = downloads.find_pdf(current_actor(), resume_id)
        is_there = stored is not None and downloads.note_use(resume.id, stored.id)
    if stored is None or not is_there:
        return Response(PdfPending(detail=why_none(resume)).model_dump_json(), status=404, content_type=JSON)
    if request.accept_mimetypes.best_match(["application/pdf", JSON]) == JSON:
        body = DownloadOut(status=PdfStatus.READY, download_url=downloads.link_to(resume))
        return Response(body.model_dump_json(), content_type=JSON)
    return _send(stored)


def why_none(resume: Resume) -> str:
    """Why there is no PDF; what is wrong with the résumé, to its owner alone."""
    is_purged = resume.pdf_status in (PdfStatus.NONE, PdfStatus.READY) and resume.pdf_file_id is None and resume.pdf_generated_at is not None
    reason = reason_of_failure(resume) if resume.user_id == current_actor().id else None
    return PURGED if is_purged else f"The PDF could not be made. {reason}" if reason else PENDING[resume.pdf_status]


def _send(stored: StoredFile) -> Response:
    response = send(stored)
    # The address stays while the file behind it changes.
    response.headers["Cache-Control"] = "private, no-store"
    return response
