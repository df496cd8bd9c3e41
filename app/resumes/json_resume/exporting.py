"""From a résumé to a JSON Resume document; `importing` reads it back.

A résumé that was made of a document gives that document back: each of its rows as long as the résumé's row is still what was made of it.
"""

from collections.abc import Callable, Iterable

from app.resumes.json_resume.basics import PERSON, WEBSITE, address_of, site_link
from app.resumes.json_resume.document import SCHEMA_URL, Document, without_empty
from app.resumes.json_resume.importing import title_of
from app.resumes.json_resume.sections import PROFILES, SECTIONS, Row, Section
from app.resumes.json_resume.skills import write_skills
from app.resumes.json_resume.taking import Notes, take
from app.resumes.models import PaperSize, Resume
from app.resumes.rendering.look import DESIGNS


def write_document(resume: Resume) -> Document:
    """The résumé as a document of schema 1.0.0, without what is empty."""
    source: Document = resume.imported or {}
    document: Document = {"$schema": SCHEMA_URL, "basics": _basics(resume, source)}
    for section in SECTIONS:
        made = _by_result(source.get(section.name, []), lambda row, section=section: _made(section, row))  # type: ignore[misc]
        document[section.name] = [made.get(_key(row)) or section.to_document(row) for row in getattr(resume, section.target)]
    document["skills"] = write_skills(resume.skill_items, source.get("skills", []))
    document["meta"] = _meta(resume, source.get("meta", {}))
    written: Document = without_empty(document)
    return written


def _basics(resume: Resume, source: Document) -> Row:
    before = source.get("basics", {})
    own = {name: getattr(resume, name) for name in PERSON.fields}
    if "label" not in before and source and resume.title == title_of(source):
        own["title"] = ""
    location = before.get("location", {})
    links = list(resume.links)
    site = links.pop(0)["url"] if links and links[0].get("label") == WEBSITE and links[0].get("url") else None
    made = _by_result(before.get("profiles", []), lambda row: _made(PROFILES, row))
    return {
        **PERSON.to_document(own),
        "image": before.get("image"),
        "url": before["url"] if "url" in before and site_link(before["url"])["url"] == site else site,
        "location": location if address_of(location) == resume.address else {"address": resume.address},
        "profiles": [made.get(_key(link)) or PROFILES.to_document(link) for link in links],
    }


def _meta(resume: Resume, before: Row) -> Row:
    others = {name: value for name, value in before.items() if name not in ("theme", "accentColor", "paperSize")}
    is_plain = resume.theme == next(iter(DESIGNS)) and "theme" not in before
    paper = resume.paper_size if resume.paper_size != PaperSize.A4 or "paperSize" in before else ""
    return {"version": "v1.0.0", **others, "theme": "" if is_plain else resume.theme, "accentColor": resume.accent_color, "paperSize": paper}


def _made(section: Section, row: Row) -> Row | None:
    result = take(section, row, section.name, Notes())
    return result[1] if result is not None else None


def _by_result(rows: Iterable[Row], make: Callable[[Row], Row | None]) -> dict[str, Row]:
    """The document's rows by what they make of a résumé; of two that make the same the first."""
    found: dict[str, Row] = {}
    for row in rows:
        result = make(row)
        if result is not None:
            found.setdefault(_key(result), row)
    return found


def _key(row: Row) -> str:
    # JSONB keeps no order of keys.
    return repr(sorted(row.items()))
