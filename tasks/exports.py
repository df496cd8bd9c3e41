"""Exports of a job's CVs, on the pdf queue: a slice of a second at a time, so that no single PDF waits for a whole export.

The résumé in hand is noted on the task before it is printed, so that one which cannot be printed time and again, or takes its worker
down, is known and left out.
"""

import time
from collections.abc import Iterable
from dataclasses import replace

import structlog

from app.applications.cv_exports import service, slices
from app.applications.cv_exports.errors import ExportGone
from app.applications.cv_exports.items import NOTHING_LEFT, Content, Item, UnusableFile, read_intact, read_upload
from app.applications.cv_exports.models import FOLDER
from app.applications.cv_exports.slices import Part, Plan
from app.core import leases
from app.core.leases import ClaimedTask
from app.core.storage import StoredFile, save_chunks
from app.extensions import db
from app.resumes import pdf_sharing
from app.resumes.pdf import Draft
from app.resumes.pdf_sharing import Source
from tasks import pdf
from tasks.base import DurableTask, Permanent, Transient, Unfinished, celery
from tasks.storage import awaited_storage

log = structlog.get_logger()

GONE = "The job or the export has been removed."
KILLED = "The résumé stopped the printing each time."
NOT_PRINTED = "The candidate deleted the résumé before it was printed."
LOST = "The résumé's PDF is no longer in the storage."
EARLIER = "This is an earlier version of the résumé."

# On this attempt of a slice, the résumé that the workers before it were lost with is left out.
LEAVE_OUT_FROM = 3


@celery.task(name=service.TASK, base=DurableTask, time_limit=120)
def export_cvs(task: ClaimedTask) -> str | Unfinished:
    """Add the next files to an export, or end it. Running a slice twice adds its files once."""
    try:
        plan = slices.plan_slice(task.args["export_id"])
        # No transaction stays open while files are read and printed.
        db.session.rollback()
        if plan is None:
            return service.path_of(task.args["export_id"])
        return _go_on(task, plan) if plan.items else _end(plan)
    except ExportGone as error:
        raise Permanent(GONE) from error


def _go_on(task: ClaimedTask, plan: Plan) -> Unfinished:
    contents = _Contents(task)
    part = Part(plan, contents.of, contents.are_enough)
    return Unfinished(slices.keep_part(plan, part, _save(plan, part)))


def _end(plan: Plan) -> str:
    slices.keep_ending(plan, _save(plan, slices.ending(plan)))
    return service.path_of(plan.export_id)


def _save(plan: Plan, chunks: Iterable[bytes]) -> StoredFile:
    # The chunks are read and printed as they are asked for, so that this waits for whatever file cannot be read either.
    with awaited_storage():
        return save_chunks(chunks, folder=FOLDER, name=f"part-{plan.part}.zip", content_type="application/zip", owner_id=plan.owner_id)


class _Contents:
    """The files of one slice: uploads as they are, résumés printed where their PDF is out of date."""

    def __init__(self, task: ClaimedTask) -> None:
        self._task = task
        self._end = time.monotonic() + slices.SLICE_SECONDS
        # The application whose résumé was being printed when the attempt before was lost.
        self._suspect: int | None = task.args.get("printing") if task.attempt >= LEAVE_OUT_FROM else None

    def are_enough(self) -> bool:
        """Whether the slice has had its time."""
        return time.monotonic() >= self._end

    def of(self, item: Item) -> Content:
        """What goes in for an application; what cannot be had becomes a note."""
        if item.reason is not None:
            return Content(None, note=item.reason)
        notes = []
        if item.cv is not None:
            try:
                return read_upload(item.cv)
            except UnusableFile as error:
                notes.append(str(error))
        if item.resume_id is None:
            return Content(None, note=" ".join(notes) or NOTHING_LEFT)
        content = self._of_resume(item, item.resume_id)
        return replace(content, note=" ".join(filter(None, [*notes, content.note])))

    def _of_resume(self, item: Item, resume_id: int) -> Content:
        source = pdf_sharing.find_source(resume_id)
        db.session.rollback()
        if source.stored is not None and source.is_current:
            try:
                return Content(_stored(source.stored))
            except UnusableFile as error:
                log.warning("pdf_unusable", resume=resume_id, error=str(error))
        try:
            if source.draft is None:
                raise Permanent(NOT_PRINTED)
            return Content(self._print(item, source.draft))
        except Permanent as error:
            return _earlier(source, str(error))

    def _print(self, item: Item, draft: Draft) -> bytes:
        if item.application_id == self._suspect:
            # A later one of this slice may be another: the slice ends, so that its attempts are counted anew.
            self._end = 0
            raise Permanent(self._task.args.get("reason") or KILLED)
        self._note(printing=item.application_id, reason=None)
        try:
            data = pdf.print_draft(draft)
        except Transient as error:
            self._note(reason=str(error))
            raise
        pdf_sharing.keep_shared(draft, data)
        db.session.commit()
        return data

    def _note(self, **values: object) -> None:
        leases.note(self._task, **values)
        db.session.commit()


def _earlier(source: Source, reason: str) -> Content:
    """The last PDF that was printed, if there is one, as a recruiter gets it from the application."""
    if source.stored is None:
        return Content(None, note=reason)
    try:
        return Content(_stored(source.stored), note=f"{EARLIER} {reason}" if source.draft is not None else "")
    except UnusableFile:
        return Content(None, note=reason)


def _stored(stored: StoredFile) -> bytes:
    return read_intact(stored, lost=LOST, damaged=LOST)
