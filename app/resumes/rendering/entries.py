"""Reads the rows of a résumé's sections, one reader for each kind of row; `None` where nothing would show."""

from dataclasses import replace

from app.core.printing.text import one_line
from app.resumes.rendering.dates import month, period
from app.resumes.rendering.links import Link, url_link
from app.resumes.rendering.reader import Reader, Row, first, joined, listed
from app.resumes.rendering.sheet import Entry, Interest, Language

# A skill, a technology, the label of a link.
TERM_LIMIT = 120


def experience(reader: Reader, row: Row) -> Entry | None:
    """A job: what one was, and where."""
    return _entry(
        Entry(
            title=first(row, "position", "name"),
            subtitle=joined(first(row, "company"), first(row, "location")),
            period=_period(reader, row),
            link=url_link(row.get("url")),
            body=reader.prose(row, "description"),
            technologies=listed(row.get("technologies"), TERM_LIMIT),
        )
    )


def education(reader: Reader, row: Row) -> Entry | None:
    """A school: its name, then what was studied."""
    gpa = one_line(row.get("gpa"), TERM_LIMIT)
    return _entry(
        Entry(
            title=first(row, "institution", "name"),
            subtitle=joined(first(row, "degree"), first(row, "field_of_study")),
            period=_period(reader, row),
            facts=(f"{reader.labels.gpa}: {gpa}",) if gpa else (),
            link=url_link(row.get("url")),
            body=reader.prose(row, "description"),
        )
    )


def project(reader: Reader, row: Row) -> Entry | None:
    """A project, and one's part in it."""
    return _entry(
        Entry(
            title=first(row, "name", "title"),
            subtitle=joined(first(row, "role"), first(row, "entity"), first(row, "type")),
            period=_period(reader, row),
            link=url_link(row.get("url")),
            body=reader.prose(row, "description"),
            technologies=listed(row.get("technologies"), TERM_LIMIT),
        )
    )


def certification(reader: Reader, row: Row) -> Entry | None:
    """A certificate, with its number and how long it is valid."""
    labels = reader.labels
    expires, credential = month(row.get("expiration_date"), labels), one_line(row.get("credential_id"))
    facts = (f"{labels.valid_until} {expires}" if expires else "", f"{labels.credential}: {credential}" if credential else "")
    return _entry(
        Entry(
            title=first(row, "name", "title"),
            subtitle=first(row, "issuing_organization"),
            period=month(row.get("issue_date"), labels),
            facts=tuple(filter(None, facts)),
            link=url_link(row.get("url")),
        )
    )


def publication(reader: Reader, row: Row) -> Entry | None:
    """A work, its authors and where it appeared."""
    return _entry(
        Entry(
            title=first(row, "name", "title"),
            subtitle=joined(first(row, "authors"), first(row, "publisher")),
            period=month(row.get("release_date"), reader.labels),
            link=url_link(row.get("url")),
            body=reader.prose(row, "description"),
        )
    )


def award(reader: Reader, row: Row) -> Entry | None:
    """A prize and who gave it."""
    return _entry(
        Entry(
            title=first(row, "title", "name"),
            subtitle=first(row, "awarder"),
            period=month(row.get("date"), reader.labels),
            body=reader.prose(row, "description"),
        )
    )


def volunteering(reader: Reader, row: Row) -> Entry | None:
    """Unpaid work: what one was, and where."""
    return _entry(
        Entry(
            title=first(row, "position", "name"),
            subtitle=first(row, "organization"),
            period=_period(reader, row),
            link=url_link(row.get("url")),
            body=reader.prose(row, "description"),
        )
    )


def recommendation(reader: Reader, row: Row) -> Entry | None:
    """A person who speaks for one, and what they say."""
    return _entry(Entry(title=first(row, "name"), body=reader.prose(row, "reference")))


def language(_: Reader, row: Row) -> Language | None:
    """A language and its level."""
    name = first(row, "name", "language")
    return Language(name, first(row, "level", "proficiency", "fluency")) if name else None


def interest(_: Reader, row: Row) -> Interest | None:
    """Something liked, with its details."""
    name, details = first(row, "name"), listed(row.get("keywords"), TERM_LIMIT)
    return Interest(name or details, details if name else "") if name or details else None


def named_link(_: Reader, row: Row) -> tuple[str, Link] | None:
    """The label (may be empty) and the address, or the name that someone goes by there; in a list of plain texts each is an address."""
    address = url_link(row.get("url")) or url_link(row.get("name"))
    if address is None:
        name = one_line(row.get("username"))
        address = Link(name) if name else None
    return (one_line(row.get("label"), TERM_LIMIT), address) if address else None


def _entry(entry: Entry) -> Entry | None:
    """The entry, its subtitle moved up when there is no title; `None` when nothing of it would show."""
    if not entry.title and entry.subtitle:
        entry = replace(entry, title=entry.subtitle, subtitle="")
    return entry if entry != Entry("") else None


def _period(reader: Reader, row: Row) -> str:
    return period(row.get("start_date"), row.get("end_date"), reader.labels, is_current=bool(row.get("is_current")))
