"""Takes of a document's row what a résumé can hold, and notes what it cannot."""

from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from app.resumes.json_resume.sections import Row, Section

UNKNOWN = "A résumé has no place for this."
NO_TEXT = "This should be a text."

# A document full of faults needs no complete list of them.
MOST_NOTES = 200


@dataclass(frozen=True)
class NotTaken:
    """A place in the document (`work.0.url`) and a sentence that says why it was left out."""

    field: str
    reason: str


@dataclass
class Notes:
    """What was left out so far, in the order of the document."""

    entries: list[NotTaken] = field(default_factory=list)

    def add(self, place: str, reason: str) -> None:
        """Remember one place, as long as the list is of use to a reader."""
        if len(self.entries) < MOST_NOTES:
            self.entries.append(NotTaken(place, reason))


def take(section: Section, row: Row, place: str, notes: Notes) -> tuple[Row, Row] | None:
    """The part of the row that could be taken and the résumé's row made of it, or None when there is nothing to hold on to."""
    taken = known(row, section.members, place, notes)
    for name in section.texts:
        # A text that is a member of our own has not been checked by the schema.
        if not isinstance(taken.get(name, ""), str):
            notes.add(f"{place}.{name}", NO_TEXT)
            del taken[name]
    while True:
        try:
            return taken, section.item.model_validate(section.to_resume(taken)).stored()
        except ValidationError as error:
            faults = error.errors(include_url=False, include_input=False)
        # From the last to the first, so that places in a list stay what they were.
        for fault in sorted(faults, key=lambda fault: [str(part).zfill(6) for part in fault["loc"]], reverse=True):
            if not _leave_out(section, taken, fault, place, notes):
                return None


def known(row: Row, members: set[str], place: str, notes: Notes) -> Row:
    """The row without members that mean nothing here."""
    for name in row:
        if name not in members:
            notes.add(f"{place}.{name[:100]}", UNKNOWN)
    return {name: list(value) if isinstance(value, list) else value for name, value in row.items() if name in members}


def _leave_out(section: Section, row: Row, fault: ErrorDetails, place: str, notes: Notes) -> bool:
    """Remove what is at fault from the row; false when that is the row itself."""
    reason = fault["msg"].removeprefix("Value error, ")
    where = fault["loc"]
    members = [name for name in section.members_of(str(where[0])) if name in row] if where else []
    if not members:
        notes.add(place, reason)
        return False
    # Of several that make up one text, the longest is what makes it too long.
    name = max(members, key=lambda member: len(str(row[member])))
    notes.add(_cut(row, name, fault, f"{place}.{name}"), reason)
    return True


def _cut(row: Row, name: str, fault: ErrorDetails, place: str) -> str:
    """Remove a member, or the one item of it that is wrong, or what a list has too much. Returns the place of what is gone."""
    value: Any = row[name]
    where = fault["loc"][1:]
    if isinstance(value, list) and where and isinstance(where[0], int):
        del value[where[0]]
        return f"{place}.{where[0]}"
    if isinstance(value, list) and fault["type"] == "too_long":
        most: int = fault["ctx"]["max_length"]
        del value[most:]
        return f"{place}.{most}"
    del row[name]
    return place
