"""Making an export slice by slice: what the next slice has to do, the part that it writes, and keeping it."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select

from app.applications.cv_exports import manifest
from app.applications.cv_exports.errors import ExportGone
from app.applications.cv_exports.items import Content, Item, items_after
from app.applications.cv_exports.models import CvExport, CvExportPart
from app.core import zip_parts
from app.core.clock import now
from app.core.storage import StoredFile
from app.core.zip_parts import Entry
from app.extensions import db

# The most that a single PDF waits for an export: a slice ends with the file that takes it beyond this time.
SLICE_SECONDS = 1.0
SLICE_FILES = 50


@dataclass(frozen=True)
class Plan:
    """What a slice starts with: the bytes and applications before it, and the next applications; with none left, the end is written."""

    export_id: int
    owner_id: int
    part: int
    offset: int
    handled: int
    items: list[Item]


class Part:
    """The part that a slice writes: gives its bytes one file at a time, and knows afterwards what is in it."""

    def __init__(self, plan: Plan, content_of: Callable[[Item], Content], is_over: Callable[[], bool]) -> None:
        self._plan, self._content_of, self._is_over = plan, content_of, is_over
        self._offset = plan.offset
        self.entries: list[Entry] = []
        self.lines: list[dict[str, Any]] = []
        self.done_up_to = 0

    def __iter__(self) -> Iterator[bytes]:
        for number, item in enumerate(self._plan.items, self._plan.handled + 1):
            yield self._add(number, item, self._content_of(item))
            if self._is_over():
                return

    def _add(self, number: int, item: Item, content: Content) -> bytes:
        written, name = b"", ""
        if content.data is not None:
            # The number makes it unique, and sorts the files as the manifest is sorted.
            name = zip_parts.safe_entry_name(f"{number:04d} {item.candidate}", content.extension)
            written, entry = zip_parts.entry_bytes(name, content.data, offset=self._offset, at=item.applied_at)
            self.entries.append(entry)
        self.lines.append(manifest.line(number, item, name, content.note))
        self.done_up_to = item.application_id
        self._offset += len(written)
        return written


def plan_slice(export_id: int) -> Plan | None:
    """What is to be done next, or None when the export is finished. Raises ExportGone."""
    export = db.session.scalar(select(CvExport).where(CvExport.id == export_id).execution_options(populate_existing=True))
    if export is None:
        raise ExportGone
    if export.finished_at is not None:
        return None
    if export.job_id is None:
        raise ExportGone
    number = len(export.parts) + 1
    items = items_after(export.job_id, export.done_up_to, export.last_application_id, limit=SLICE_FILES)
    return Plan(export.id, export.requested_by, number, export.size, export.handled, items)


def keep_part(plan: Plan, part: Part, stored: StoredFile) -> int:
    """Add a slice's part to its export and return the progress, 1-99. The caller's claim on the task stands for a lock. Raises ExportGone."""
    export = _lock(plan.export_id)
    entries = [asdict(entry) for entry in part.entries]
    db.session.add(CvExportPart(export_id=export.id, number=plan.part, file_id=stored.id, entries=entries, lines=part.lines))
    export.done_up_to = part.done_up_to
    export.handled += len(part.lines)
    export.size += stored.size
    return min(99, max(1, 100 * export.handled // max(1, export.total)))


def ending(plan: Plan) -> Iterator[bytes]:
    """The bytes of the last part: the manifest, and the archive's directory."""
    export = db.session.get_one(CvExport, plan.export_id)
    lines = [line for part in export.parts for line in part.lines]
    entries = [_entry(kept) for part in export.parts for kept in part.entries]
    listed = manifest.manifest(lines, title=export.title, made_at=export.created_at)
    written, entry = zip_parts.entry_bytes(manifest.NAME, listed, offset=plan.offset, at=export.created_at)
    yield written
    yield zip_parts.directory_bytes([*entries, entry], offset=plan.offset + len(written))


def keep_ending(plan: Plan, stored: StoredFile) -> None:
    """Add the last part: the export can be downloaded. Raises ExportGone."""
    export = _lock(plan.export_id)
    db.session.add(CvExportPart(export_id=export.id, number=plan.part, file_id=stored.id, entries=[], lines=[]))
    export.size += stored.size
    export.finished_at = now()


def _entry(kept: dict[str, Any]) -> Entry:
    return Entry(**{**kept, "at": tuple(kept["at"])})


def _lock(export_id: int) -> CvExport:
    query = select(CvExport).where(CvExport.id == export_id).with_for_update()
    export = db.session.scalar(query.execution_options(populate_existing=True))
    if export is None:
        raise ExportGone
    return export
