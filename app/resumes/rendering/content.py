"""Reads a résumé's fields (the shape of the API, read leniently) into a `Sheet`.

Values of the wrong type print nothing instead of failing, so the digest of any stored résumé can be taken; more rows or longer text
than one document may hold become the sheet's `fault`. The work done is bounded whatever the size of the input.
"""

from app.core.printing.text import one_line
from app.resumes.rendering import entries
from app.resumes.rendering.entries import TERM_LIMIT
from app.resumes.rendering.links import email_link
from app.resumes.rendering.reader import Reader, Row
from app.resumes.rendering.sheet import Rated, Sheet

# The level that a skill has when its person never chose one.
MIDDLING = 3


def read_sheet(resume: Row) -> Sheet:
    """The printable content of `resume`, whose keys are those of a résumé in the API and `photo` (PNG or JPEG bytes); all may be missing.

    Plain texts in the place of rows count as their names. `lang` (`vi`, `en`) overrules the detection of the language.
    """
    reader = Reader(resume)
    title, name = one_line(resume.get("title")), one_line(resume.get("full_name"))
    photo = resume.get("photo")
    rated, plain = _skills(reader)
    return Sheet(
        labels=reader.labels,
        name=name or title,
        headline=title if name else "",
        email=email_link(resume.get("email")),
        phone=one_line(resume.get("phone")),
        address=one_line(resume.get("address")),
        links=reader.each("links", entries.named_link),
        photo=bytes(photo) if isinstance(photo, (bytes, bytearray, memoryview)) and photo else None,
        summary=reader.prose(resume, "summary"),
        experience=reader.each("experience", entries.experience),
        education=reader.each("education", entries.education),
        projects=reader.each("projects", entries.project),
        certifications=reader.each("certifications", entries.certification),
        publications=reader.each("publications", entries.publication),
        awards=reader.each("awards", entries.award),
        volunteer=reader.each("volunteer", entries.volunteering),
        references=reader.each("references", entries.recommendation),
        rated_skills=rated,
        plain_skills=plain,
        languages=reader.each("languages", entries.language),
        interests=reader.each("interests", entries.interest),
        fault=reader.fault,
    )


def _skill(_: Reader, row: Row) -> Rated | None:
    name, level = one_line(row.get("name"), TERM_LIMIT), one_line(row.get("level"), 8)
    return Rated(name, int(level) if level in ("1", "2", "3", "4", "5") else None) if name else None


def _skills(reader: Reader) -> tuple[tuple[Rated, ...], tuple[str, ...]]:
    """The skills with levels, and those that are names alone, each once.

    A skill that nobody rated is kept as middling, so a list of nothing but middling skills prints without levels.
    """
    items = {item.name.casefold(): item for item in reader.each("skill_items", _skill)}
    plain = [Rated(name, None) for name in (one_line(row.get("name"), TERM_LIMIT) for row in reader.rows("skills")) if name]
    skills = list({**{skill.name.casefold(): skill for skill in plain}, **items}.values())
    is_rated = any(skill.level not in (None, MIDDLING) for skill in skills)
    rated = tuple(skill for skill in skills if is_rated and skill.level)
    return rated, tuple(skill.name for skill in skills if not (is_rated and skill.level))
