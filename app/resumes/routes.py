"""`/resumes/`: writing and reading résumés, and their pictures."""

from apiflask import APIBlueprint
from flask import Response, json

from app.core.auth import Role, current_actor, require
from app.core.contract import JSON, accepts, queries, returns, returns_file
from app.core.pagination import ListQuery, Page, page, paginate
from app.core.storage import send
from app.core.unit_of_work import unit_of_work
from app.core.uploads import read_image
from app.resumes import service
from app.resumes.access import get_own, get_visible
from app.resumes.json_resume.document import JsonResume, checked
from app.resumes.json_resume.exporting import write_document
from app.resumes.json_resume.importing import read_document
from app.resumes.models import Resume
from app.resumes.schemas import ImportedResumeOut, NotTakenOut, ResumeCreate, ResumeOut, ResumePage, ResumePatch

blp = APIBlueprint("resumes", __name__, tag="Résumés")

ORDERINGS = {"created_at": Resume.created_at, "updated_at": Resume.updated_at, "title": Resume.title}


@blp.get("/resumes/")
@require(Role.CANDIDATE)
@queries(ListQuery)
@returns(ResumePage)
def list_resumes(query: ListQuery) -> Page[ResumeOut]:
    """Your résumés, newest first."""
    rows, total = paginate(service.query_own(current_actor().id), query, orderings=ORDERINGS, tie=Resume.id)
    return page(ResumePage, rows, total, query, ResumeOut.of)


@blp.post("/resumes/")
@require(Role.CANDIDATE)
@accepts(ResumeCreate, multipart=True)
@returns(ResumeOut, 201)
def create_resume(data: ResumeCreate) -> ResumeOut:
    """Write a résumé, as JSON or as a form with a photo; the first one is primary."""
    photo = read_image(data.photo) if data.photo else None
    with unit_of_work():
        return ResumeOut.of(service.create(current_actor(), data.changes(), photo))


@blp.post("/resumes/import/")
@require(Role.CANDIDATE)
@accepts(JsonResume)
@returns(ImportedResumeOut, 201)
def import_resume(data: JsonResume) -> ImportedResumeOut:
    """Make a résumé of a JSON Resume document (schema 1.0.0); `not_taken` names what a résumé cannot hold, and why.

    Only a document that does not fit the schema is refused. Empty members and nulls count as not there.
    """
    document = read_document(checked(data.root))
    values = document.fields.changes() | {"imported": document.taken}
    with unit_of_work():
        made = ResumeOut.of(service.create(current_actor(), values))
    notes = [NotTakenOut.model_validate(note) for note in document.not_taken]
    return ImportedResumeOut(**made.model_dump(), not_taken=notes)


@blp.get("/resumes/<int:resume_id>/")
@require(Role.CANDIDATE, Role.RECRUITER)
@returns(ResumeOut)
def get_resume(resume_id: int) -> ResumeOut:
    """A résumé of yours, or one that came to you with an application."""
    return ResumeOut.of(get_visible(current_actor(), resume_id))


@blp.patch("/resumes/<int:resume_id>/")
@require(Role.CANDIDATE)
@accepts(ResumePatch, multipart=True)
@returns(ResumeOut)
def edit_resume(resume_id: int, data: ResumePatch) -> ResumeOut:
    """Change what is sent; a section that is sent replaces the whole section."""
    photo = read_image(data.photo) if data.photo else None
    drop_photo = "photo" in data.model_fields_set and photo is None
    with unit_of_work():
        return ResumeOut.of(service.edit(current_actor().id, resume_id, data.changes(), photo=photo, drop_photo=drop_photo))


@blp.delete("/resumes/<int:resume_id>/")
@require(Role.CANDIDATE)
@returns(None)
def delete_resume(resume_id: int) -> None:
    """Delete a résumé; whoever received it in an application keeps it."""
    with unit_of_work():
        service.delete(current_actor().id, resume_id)


@blp.get("/resumes/<int:resume_id>/photo/")
@require(Role.CANDIDATE, Role.RECRUITER)
@returns_file("image/*")
def get_photo(resume_id: int) -> Response:
    """The picture of a résumé that you may see."""
    return send(service.get_photo(current_actor(), resume_id), inline=True)


@blp.get("/resumes/<int:resume_id>/export/")
@require(Role.CANDIDATE)
@returns(JsonResume)
def export_resume(resume_id: int) -> Response:
    """A résumé of yours as a JSON Resume document (schema 1.0.0), which an import reads back without loss."""
    document = write_document(get_own(current_actor().id, resume_id))
    return Response(json.dumps(document, ensure_ascii=False), content_type=JSON)
