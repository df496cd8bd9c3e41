"""From a JSON Resume document to the fields of a résumé."""

from dataclasses import dataclass
from typing import Any

from app.resumes.errors import NothingToImport
from app.resumes.json_resume.basics import first_of, read_basics, read_meta
from app.resumes.json_resume.document import Document
from app.resumes.json_resume.sections import SECTIONS, Row, Section
from app.resumes.json_resume.skills import read_skills
from app.resumes.json_resume.taking import Notes, NotTaken, take
from app.resumes.schemas import ResumeCreate


@dataclass(frozen=True)
class Import:
    """The new résumé's fields, the part of the document that they were made of, and the places that were left out."""

    fields: ResumeCreate
    taken: Document
    not_taken: list[NotTaken]


def read_document(document: Document) -> Import:
    """Read a document that `document.checked` has passed. Raises NothingToImport when it names nothing that a résumé could be called by."""
    notes = Notes()
    basics, fields = read_basics(document.get("basics", {}), notes)
    taken: Document = {"basics": basics}
    for section in SECTIONS:
        taken[section.name], fields[section.target] = _read_section(section, document.get(section.name, []), notes)
    taken["skills"], fields["skill_items"] = read_skills(document.get("skills", []), notes)
    taken["meta"], style = read_meta(document.get("meta", {}), notes)
    fields["title"] = title_of(taken)
    if not fields["title"]:
        raise NothingToImport
    return Import(ResumeCreate.model_validate({**fields, **style}), {name: value for name, value in taken.items() if value}, notes.entries)


def title_of(taken: Document) -> str:
    """What the résumé is called: the label, else the first position, else the name."""
    basics = taken.get("basics", {})
    return str(basics.get("label") or first_of(taken.get("work", []), "position") or basics.get("name") or "")


def _read_section(section: Section, rows: list[Row], notes: Notes) -> tuple[list[Row], list[Row]]:
    most = most_of(section.target)
    found: list[tuple[Row, Row]] = []
    for number, row in enumerate(rows):
        if len(found) == most:
            notes.add(f"{section.name}.{number}", f"A résumé holds {most} entries of this kind.")
            continue
        result = take(section, row, f"{section.name}.{number}", notes)
        if result is not None:
            found.append(result)
    return [taken for taken, _ in found], [made for _, made in found]


def most_of(target: str) -> int:
    """How many rows a section of a résumé holds."""
    limits: list[Any] = ResumeCreate.model_fields[target].metadata
    return next(int(limit.max_length) for limit in limits if hasattr(limit, "max_length"))
