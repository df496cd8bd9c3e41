"""`basics` and `meta`: the person, the ways to reach them, and how the résumé looks."""

from typing import Any

from pydantic import ValidationError

from app.resumes.fields import AccentColor, LongText, OptionalEmail, Phone, ShortText
from app.resumes.items import Item, Link
from app.resumes.json_resume.sections import PROFILES, Row, Section
from app.resumes.json_resume.taking import Notes, known, take
from app.resumes.models import PaperSize
from app.resumes.rendering.look import DESIGNS

WEBSITE = "Website"
LONGEST_ADDRESS = 255

_PARTS = ("address", "city", "region", "postalCode", "countryCode")
_MOST_LINKS = 20
_IMAGE = "A picture is not fetched from its address. Upload it as the résumé's photo."


class _Person(Item):
    title: ShortText = ""
    full_name: ShortText = ""
    email: OptionalEmail = ""
    phone: Phone = ""
    summary: LongText = ""


class _Style(Item):
    theme: ShortText = ""
    accent_color: AccentColor = ""
    paper_size: PaperSize = PaperSize.A4


PERSON = Section("basics", "", _Person, {"title": "label", "full_name": "name", "email": "email", "phone": "phone", "summary": "summary"})
STYLE = Section("meta", "", _Style, {"theme": "theme", "accent_color": "accentColor", "paper_size": "paperSize"})
_META = {"canonical", "version", "lastModified", *STYLE.members}


def read_basics(basics: Row, notes: Notes) -> tuple[Row, Row]:
    """What was taken of `basics`, and the résumé's fields made of it."""
    others = {"image", "url", "location", "profiles"}
    row = known(basics, PERSON.members | others, "basics", notes)
    # Every field of a person may be empty, so there is always a result.
    taken, fields = take(PERSON, {name: value for name, value in row.items() if name not in others}, "basics", notes) or ({}, {})
    has_site = "url" in row and _is_site(row["url"], notes)
    location, address = _read_location(row.get("location", {}), notes)
    profiles, links = _read_profiles(row.get("profiles", []), notes, _MOST_LINKS - has_site)
    if "image" in row:
        notes.add("basics.image", _IMAGE)
        taken["image"] = row["image"]
    taken |= {name: value for name, value in (("url", has_site and row["url"]), ("location", location), ("profiles", profiles)) if value}
    return taken, {**fields, "address": address, "links": ([site_link(row["url"])] if has_site else []) + links}


def _is_site(url: str, notes: Notes) -> bool:
    try:
        site_link(url)
    except ValidationError as error:
        notes.add("basics.url", error.errors()[0]["msg"].removeprefix("Value error, "))
        return False
    return True


def _read_location(location: Row, notes: Notes) -> tuple[Row, str]:
    row = known(location, set(_PARTS), "basics.location", notes)
    address = address_of(row)
    if len(address) <= LONGEST_ADDRESS:
        return row, address
    notes.add("basics.location", f"An address has at most {LONGEST_ADDRESS} characters.")
    return {}, ""


def _read_profiles(profiles: list[Row], notes: Notes, most: int) -> tuple[list[Row], list[Row]]:
    found: list[tuple[Row, Row]] = []
    for number, row in enumerate(profiles):
        result = take(PROFILES, row, f"basics.profiles.{number}", notes) if len(found) < most else None
        if result is not None:
            found.append(result)
        elif len(found) == most:
            notes.add(f"basics.profiles.{number}", f"A résumé holds {_MOST_LINKS} links.")
    return [taken for taken, _ in found], [link for _, link in found]


def address_of(location: Row) -> str:
    """The parts of a location in one line."""
    return ", ".join(" ".join(location[part].split()) for part in _PARTS if part in location)


def site_link(url: str) -> Row:
    """The link that stands for a person's own site."""
    return Link.model_validate({"label": WEBSITE, "url": url}).stored()


def read_meta(meta: Row, notes: Notes) -> tuple[Row, Row]:
    """What was taken of `meta`, and the résumé's looks."""
    row = known(meta, _META, "meta", notes)
    # The schema does not say what our own members are, so that one may be a list, which has no place among the keys of a mapping.
    if "theme" in row and row["theme"] not in list(DESIGNS):
        notes.add("meta.theme", "There is no theme of that name.")
        del row["theme"]
    others = {name: value for name, value in row.items() if name not in STYLE.members}
    taken, style = take(STYLE, {name: value for name, value in row.items() if name in STYLE.members}, "meta", notes) or ({}, {})
    return others | taken, {name: value for name, value in style.items() if value}


def first_of(rows: list[Row], member: str) -> Any:
    """The first row's value of a member, if any has one."""
    return next((row[member] for row in rows if member in row), "")
