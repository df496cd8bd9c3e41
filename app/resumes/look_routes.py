"""`/resumes/themes/` and `/resumes/{id}/preview.png`: what the designs look like, and what a résumé looks like."""

from apiflask import APIBlueprint
from flask import Response, request, send_file

from app.core.auth import current_actor, public
from app.core.contract import JSON, NOT_MODIFIED, answers_also, queries, returns, returns_file
from app.core.pagination import Page, page
from app.core.storage import StoredFile, send
from app.core.unit_of_work import unit_of_work
from app.resumes import downloads, pdf_queue, previews, showcase
from app.resumes.errors import NoPdf, ThemeNotFound
from app.resumes.models import PdfStatus
from app.resumes.pdf_routes import why_none
from app.resumes.rendering.look import DESIGNS
from app.resumes.schemas import PdfAnswer, PreviewQuery, ThemeOut, ThemePage, ThemeQuery

blp = APIBlueprint("resume_looks", __name__, tag="Résumés")

# A theme's picture changes only with a release.
PICTURE_SECONDS = 3600


@blp.get("/resumes/themes/")
@public
@queries(ThemeQuery)
@returns(ThemePage)
def list_themes(query: ThemeQuery) -> Page[ThemeOut]:
    """The designs that a PDF may have, each with its own colour and a picture of a sample résumé."""
    designs = list(DESIGNS.values())
    return page(ThemePage, designs[query.offset : query.offset + query.limit], len(designs), query, ThemeOut.of)


@blp.get("/resumes/themes/<string:theme>/preview.png")
@public
@returns_file("image/png")
@answers_also(304, NOT_MODIFIED)
def show_theme(theme: str) -> Response:
    """A sample résumé in that design, 480 pixels wide."""
    if theme not in DESIGNS:
        raise ThemeNotFound
    return send_file(showcase.picture_of(theme), mimetype="image/png", max_age=PICTURE_SECONDS, conditional=True)


@blp.get("/resumes/<int:resume_id>/preview.png")
@public
@queries(PreviewQuery)
@returns_file("image/png")
@answers_also(202, "The page is being drawn.", PdfAnswer)
@answers_also(304, NOT_MODIFIED)
def show_page(resume_id: int, query: PreviewQuery) -> Response:
    """A page of the PDF as a picture, 900 pixels wide, for those who may download the PDF (also by its `?token=`).

    The first request for a PDF answers 202 with the task that draws it: ask again when it is done, or after `Retry-After`. 404 `no_pdf`
    while there is no PDF, 404 for a page that it does not have. 503 `pdf_queue_full` with `Retry-After` when the drawing would have to
    wait too long.
    """
    if query.token:
        pdf = downloads.open_link(query.token, resume_id)
        return _show_or_promise(pdf, query.page, resume_id, pdf.owner_id)
    resume, found = downloads.find_pdf(current_actor(), resume_id)
    if found is None:
        raise NoPdf(why_none(resume))
    return _show_or_promise(found, query.page, resume_id, current_actor().id)


def _show_or_promise(pdf: StoredFile, number: int, resume_id: int, asker_id: int | None) -> Response:
    picture = previews.find_picture(pdf, number)
    return _show(picture) if picture is not None else _promise(pdf, resume_id, asker_id)


def _show(picture: StoredFile) -> Response:
    known = request.if_none_match.contains(picture.sha256)
    response = Response(status=304) if known else send(picture, inline=True)
    response.set_etag(picture.sha256)
    # The address stays while the PDF behind it changes, so that a browser asks each time whether its copy is good.
    response.headers["Cache-Control"] = "private, no-cache"
    return response


def _promise(pdf: StoredFile, resume_id: int, owner_id: int | None) -> Response:
    with unit_of_work():
        task_id = previews.request_pictures(pdf, resume_id, owner_id=owner_id, before_drawing=pdf_queue.check_room)
    message = "The page is being drawn."
    answer = PdfAnswer(status=PdfStatus.PROCESSING, task_id=task_id, status_url=f"/api/v1/tasks/{task_id}/", message=message)
    headers = {"Retry-After": "1", "Cache-Control": "no-store"}
    return Response(answer.model_dump_json(exclude_none=True), status=202, headers=headers, content_type=JSON)
