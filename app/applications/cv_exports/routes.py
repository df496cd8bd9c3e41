"""`/jobs/{id}/cv-export/` and `/cv-exports/{id}/download/`: all CVs of a job as one ZIP."""

from apiflask import APIBlueprint
from flask import Response

from app.applications.cv_exports import service
from app.core.auth import Role, current_actor, require
from app.core.contract import returns, returns_file
from app.core.rates import rate_limit
from app.core.schemas import OutModel
from app.core.storage import send_joined
from app.core.unit_of_work import unit_of_work
from app.core.zip_parts import safe_entry_name
from app.resumes import pdf_queue

blp = APIBlueprint("cv_exports", __name__, tag="Applications")


class ExportAnswer(OutModel):
    """The task to watch; its `result_url` is the download."""

    task_id: int
    status_url: str


@rate_limit("CV_EXPORT_RATE")
def spend_an_export() -> None:
    """Draw on the caller's budget of exports, or refuse with 429."""


def admit() -> None:
    """Refuse with 503 while the pdf queue is too long, which costs nothing; else with 429 when the budget is spent."""
    pdf_queue.check_room()
    spend_an_export()


@blp.post("/jobs/<int:job_id>/cv-export/")
@require(Role.RECRUITER)
@returns(ExportAnswer, 202)
def export_cvs(job_id: int) -> ExportAnswer:
    """Make a ZIP of all CVs that came for a job of yours: 202 with the task to watch, whose `result_url` is the download.

    Uploaded files go in as they are, résumés are printed. `manifest.csv` lists every application, also those without a file: withdrawn
    ones, those of closed accounts, and CVs that are missing or cannot be printed, each with the reason. Asking again while it is being made
    answers with the same task, and does not count against the rate. 409 `too_many_exports` while three of yours are being made.
    503 `pdf_queue_full` with `Retry-After`: nothing was accepted.
    """
    with unit_of_work():
        task_id = service.request_export(current_actor(), job_id, before_accepting=admit)
        return ExportAnswer(task_id=task_id, status_url=f"/api/v1/tasks/{task_id}/")


@blp.get("/cv-exports/<int:export_id>/download/")
@require(Role.RECRUITER)
@returns_file("application/zip")
def download_export(export_id: int) -> Response:
    """The finished ZIP, for the owner of the job's company; 404 `export_not_found` when it has expired."""
    export, parts = service.get_finished(current_actor(), export_id)
    response = send_joined(parts, name=safe_entry_name(f"CV - {export.title}", "zip"), content_type="application/zip")
    response.headers["Cache-Control"] = "private, no-store"
    return response
