"""Which section of a document is which section of a résumé, and how a row of the one becomes a row of the other.

Besides the schema's members there are some of our own, which it allows: what a résumé has and the schema does not.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.resumes import items
from app.resumes.items import Item, OpenPeriod
from app.resumes.json_resume.prose import join, split

Row = dict[str, Any]

_PERIOD = {"start_date": "startDate", "end_date": "endDate"}


@dataclass(frozen=True)
class Section:
    """`fields` leads from a field of the résumé's row to the document's member of the same value.

    The row's `description` is made of the members `texts` followed by the list `points`. A field in `joined` is a text that the document
    holds as a list.
    """

    name: str
    target: str
    item: type[Item]
    fields: Mapping[str, str]
    texts: tuple[str, ...] = ()
    points: str = ""
    joined: tuple[str, ...] = field(default=())

    @property
    def members(self) -> set[str]:
        """The members that are read."""
        own = {*self.fields.values(), *self.texts, *([self.points] if self.points else [])}
        return own | {"isCurrent"} if self._is_open else own

    @property
    def _is_open(self) -> bool:
        return issubclass(self.item, OpenPeriod)

    def members_of(self, name: str) -> tuple[str, ...]:
        """The members that a field of the résumé's row is made of."""
        if name == "description" and name not in self.fields:
            return (*self.texts, *([self.points] if self.points else []))
        if name == "is_current" and self._is_open:
            return ("isCurrent",)
        return (self.fields[name],) if name in self.fields else ()

    def to_resume(self, row: Row) -> Row:
        """The résumé's row, not yet checked."""
        values = {name: row[member] for name, member in self.fields.items() if member in row}
        values |= {name: ", ".join(values[name]) for name in self.joined if name in values}
        if self.texts:
            values["description"] = join("\n\n".join(row[text] for text in self.texts if text in row), row.get(self.points, []))
        if self._is_open:
            values["is_current"] = row.get("isCurrent", _looks_current(row.get("startDate"), row.get("endDate")))
        return values

    def to_document(self, row: Row) -> Row:
        """The document's row, without what is empty."""
        values = {member: row.get(name) for name, member in self.fields.items()}
        values |= {self.fields[name]: [row[name]] for name in self.joined if row.get(name)}
        if self.texts:
            text, points = split(row.get("description", "")) if self.points else (row.get("description", ""), [])
            values |= {self.texts[-1]: text, self.points: points}
        if self._is_open and row.get("is_current", False) != _looks_current(row.get("start_date"), row.get("end_date")):
            values["isCurrent"] = row.get("is_current", False)
        return {name: _as_text(value) for name, value in values.items() if value not in (None, "", [])}


def _looks_current(start: Any, end: Any) -> bool:
    """Without a word on it: what began and has no end goes on."""
    return bool(start and not end)


def _as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


PROFILES = Section("profiles", "links", items.Link, {"label": "network", "username": "username", "url": "url"})

SECTIONS = (
    Section(
        "work",
        "experience",
        items.Experience,
        {"company": "name", "position": "position", "location": "location", "url": "url", **_PERIOD, "technologies": "keywords"},
        texts=("description", "summary"),
        points="highlights",
    ),
    Section(
        "volunteer",
        "volunteer",
        items.Volunteer,
        {"organization": "organization", "position": "position", "url": "url", **_PERIOD},
        texts=("summary",),
        points="highlights",
    ),
    Section(
        "education",
        "education",
        items.Education,
        {"institution": "institution", "url": "url", "field_of_study": "area", "degree": "studyType", **_PERIOD, "gpa": "score"},
        texts=("summary",),
        points="courses",
    ),
    Section("awards", "awards", items.Award, {"title": "title", "date": "date", "awarder": "awarder"}, texts=("summary",)),
    Section(
        "certificates",
        "certifications",
        items.Certification,
        {
            "name": "name",
            "issue_date": "date",
            "url": "url",
            "issuing_organization": "issuer",
            "expiration_date": "expirationDate",
            "credential_id": "credentialId",
        },
    ),
    Section(
        "publications",
        "publications",
        items.Publication,
        {"name": "name", "publisher": "publisher", "release_date": "releaseDate", "url": "url", "authors": "authors"},
        texts=("summary",),
    ),
    Section("languages", "languages", items.Language, {"name": "language", "level": "fluency"}),
    Section("interests", "interests", items.Interest, {"name": "name", "keywords": "keywords"}),
    Section("references", "references", items.Reference, {"name": "name", "reference": "reference"}),
    Section(
        "projects",
        "projects",
        items.Project,
        {"name": "name", "technologies": "keywords", **_PERIOD, "url": "url", "role": "roles", "entity": "entity", "type": "type"},
        texts=("description",),
        points="highlights",
        joined=("role",),
    ),
)
