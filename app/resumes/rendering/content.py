"""Reads a résumé's fields (the shape of the API, read leniently) into a `Sheet`.

Values of the wrong type print nothing instead of failing, so the digest of any stored résumé can be taken; more rows or longer text
than one document may hold become the sheet's `fault`. The work done is bounded whatever the size of the input.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, TypeVar

from app.resumes.rendering.dates import month, period
from app.resumes.rendering.labels import Labels, labels_for
from app.resumes.rendering.limits import ROWS
from app.resumes.rendering.links import Link, email_link, url_link
from app.resumes.rendering.sheet import Entry, Language, Rated, Sheet
from app.resumes.rendering.text import PROSE_LIMIT, Block, blocks, one_line

Row = Mapping[str, Any]
T = TypeVar("T")

# A skill, a technology, the label of a link.
TERM_LIMIT = 120

# The level that a skill has when its person never chose one.
MIDDLING = 3


def read_sheet(resume: Row) -> Sheet:
    """The printable content of `resume`, whose keys are those of a résumé in the API and `photo` (PNG or JPEG bytes); all may be missing.

    Beyond them, rows may hold `location` and `technologies` (text or a list); languages `{name, level}`, projects `{name, role, url,
    start_date, end_date, is_current, description}` and links `{label, url}`, or plain strings. `lang` (`vi`, `en`) overrules detection.
    """
    reader = _Reader(resume)
    labels = reader.labels()
    title, name = one_line(resume.get("title")), one_line(resume.get("full_name"))
    photo = resume.get("photo")
    rated, plain = _skills(reader)
    return Sheet(
        labels=labels,
        name=name or title,
        headline=title if name else "",
        contacts=_contacts(resume),
        address=one_line(resume.get("address")),
        links=tuple(reader.each("links", _named_link)),
        photo=bytes(photo) if isinstance(photo, (bytes, bytearray, memoryview)) and photo else None,
        summary=reader.prose(resume, "summary"),
        experience=tuple(reader.each("experience", lambda row: _experience(row, labels, reader))),
        education=tuple(reader.each("education", lambda row: _education(row, labels, reader))),
        projects=tuple(reader.each("projects", lambda row: _project(row, labels, reader))),
        certifications=tuple(reader.each("certifications", lambda row: _certification(row, labels))),
        rated_skills=rated,
        plain_skills=plain,
        languages=tuple(reader.each("languages", _language)),
        fault=reader.fault,
    )


class _Reader:
    """Walks the sections of one résumé and remembers the first cap that is passed."""

    def __init__(self, resume: Row) -> None:
        self.resume = resume
        self.fault: str | None = None

    def rows(self, section: str) -> Iterator[Row]:
        """The rows of a section, at most as many as may be printed; a plain value counts as a row of its `name`."""
        value = self.resume.get(section)
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes, bytearray)):
            return
        if len(value) > ROWS[section]:
            self.fault = self.fault or f"There are {len(value):,} entries under “{section}”; a résumé can print {ROWS[section]}."
        for row in islice(value, ROWS[section]):
            yield row if isinstance(row, Mapping) else {"name": row}

    def each(self, section: str, read: Callable[[Row], T | None]) -> Iterator[T]:
        """What `read` makes of each row of a section, without the rows that print nothing."""
        return (item for item in map(read, self.rows(section)) if item is not None)

    def prose(self, row: Row, key: str) -> tuple[Block, ...]:
        """Free text as blocks."""
        value = row.get(key)
        if isinstance(value, str) and len(value) > PROSE_LIMIT:
            self.fault = self.fault or f"The text under “{key}” has {len(value):,} characters; a résumé can print {PROSE_LIMIT:,} in one text."
        return blocks(value)

    def labels(self) -> Labels:
        """The labels of the language that the person's own sentences are in; names of people, firms and places do not count."""
        texts = [one_line(self.resume.get("title")), one_line(self.resume.get("summary"), PROSE_LIMIT)]
        for section, keys in _TELLING.items():
            texts += [one_line(row.get(key), 2_000) for row in self.rows(section) for key in keys]
        return labels_for(one_line(self.resume.get("lang"), 8), texts)


_TELLING = {"experience": ("position", "description"), "education": ("degree", "field_of_study"), "projects": ("description",)}


def _first(row: Row, *keys: str) -> str:
    return next((text for text in (one_line(row.get(key)) for key in keys) if text), "")


def _joined(*parts: str, by: str = " · ") -> str:
    return by.join(part for part in parts if part)


def _entry(entry: Entry) -> Entry | None:
    """The entry, its subtitle moved up when there is no title; `None` when nothing of it would show."""
    if not entry.title and entry.subtitle:
        entry = replace(entry, title=entry.subtitle, subtitle="")
    return entry if entry != Entry("") else None


def _period(row: Row, labels: Labels) -> str:
    return period(row.get("start_date"), row.get("end_date"), labels, is_current=bool(row.get("is_current")))


def _technologies(row: Row) -> str:
    value = row.get("technologies")
    listed = value if isinstance(value, Sequence) and not isinstance(value, (str, bytes)) else [value]
    return ", ".join(filter(None, (one_line(item, TERM_LIMIT) for item in islice(listed, ROWS["technologies"]))))


def _experience(row: Row, labels: Labels, reader: _Reader) -> Entry | None:
    return _entry(
        Entry(
            title=_first(row, "position", "name"),
            subtitle=_joined(_first(row, "company"), _first(row, "location")),
            period=_period(row, labels),
            body=reader.prose(row, "description"),
            technologies=_technologies(row),
        )
    )


def _education(row: Row, labels: Labels, reader: _Reader) -> Entry | None:
    gpa = one_line(row.get("gpa"), 40)
    return _entry(
        Entry(
            title=_first(row, "institution", "name"),
            subtitle=_joined(_first(row, "degree"), _first(row, "field_of_study")),
            period=_period(row, labels),
            facts=(f"{labels.gpa}: {gpa}",) if gpa else (),
            body=reader.prose(row, "description"),
        )
    )


def _project(row: Row, labels: Labels, reader: _Reader) -> Entry | None:
    return _entry(
        Entry(
            title=_first(row, "name", "title"),
            subtitle=_first(row, "role"),
            period=_period(row, labels),
            link=url_link(row.get("url")),
            body=reader.prose(row, "description"),
            technologies=_technologies(row),
        )
    )


def _certification(row: Row, labels: Labels) -> Entry | None:
    expires, credential = month(row.get("expiration_date"), labels), one_line(row.get("credential_id"))
    facts = (f"{labels.valid_until} {expires}" if expires else "", f"{labels.credential}: {credential}" if credential else "")
    return _entry(
        Entry(
            title=_first(row, "name", "title"),
            subtitle=_first(row, "issuing_organization"),
            period=month(row.get("issue_date"), labels),
            facts=tuple(filter(None, facts)),
            link=url_link(row.get("url")),
        )
    )


def _skill(row: Row) -> Rated | None:
    name, level = one_line(row.get("name"), TERM_LIMIT), one_line(row.get("level"), 8)
    return Rated(name, int(level) if level in ("1", "2", "3", "4", "5") else None) if name else None


def _skills(reader: _Reader) -> tuple[tuple[Rated, ...], tuple[str, ...]]:
    """The skills with levels, and those that are names alone, each once.

    A skill that nobody rated is kept as middling, so a list of nothing but middling skills prints without levels.
    """
    items = {item.name.casefold(): item for item in reader.each("skill_items", _skill)}
    plain = [Rated(name, None) for name in (one_line(row.get("name"), TERM_LIMIT) for row in reader.rows("skills")) if name]
    skills = list({**{skill.name.casefold(): skill for skill in plain}, **items}.values())
    is_rated = any(skill.level not in (None, MIDDLING) for skill in skills)
    rated = tuple(skill for skill in skills if is_rated and skill.level)
    return rated, tuple(skill.name for skill in skills if not (is_rated and skill.level))


def _language(row: Row) -> Language | None:
    name = _first(row, "name", "language")
    return Language(name, _first(row, "level", "proficiency", "fluency")) if name else None


def _named_link(row: Row) -> tuple[str, Link] | None:
    address = url_link(row.get("url"))
    if address is not None:
        return (one_line(row.get("label"), TERM_LIMIT), address)
    # A plain string in the list is the address itself.
    plain = url_link(row.get("name"))
    return ("", plain) if plain else None


def _contacts(resume: Row) -> tuple[Link, ...]:
    phone = one_line(resume.get("phone"))
    found = (email_link(resume.get("email")), Link(phone) if phone else None)
    return tuple(link for link in found if link)
