"""Skills: a document groups keywords under a name with one level, a résumé has one list of skills with levels."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from app.resumes.items import SkillItem
from app.resumes.json_resume.levels import level_of, word_of
from app.resumes.json_resume.taking import Notes, known

MOST = 100
_TOO_MANY = f"A résumé holds {MOST} skills."
_NAMELESS = "A skill needs a name or keywords."

Row = dict[str, Any]


def read_skills(rows: list[Row], notes: Notes) -> tuple[list[Row], list[Row]]:
    """What was taken of the groups, and the skills `{name, level}` in them, each name once."""
    groups: list[Row] = []
    levels: dict[str, Row] = {}
    for number, row in enumerate(rows):
        place = f"skills.{number}"
        group = _taken(known(row, {"name", "level", "keywords"}, place, notes), place, notes)
        new = {name.casefold(): {"name": name, "level": level_of(group.get("level", ""))} for name in _names(group)}
        if not new:
            notes.add(place, _NAMELESS)
        elif len(levels.keys() | new.keys()) > MOST:
            notes.add(place, _TOO_MANY)
        else:
            groups.append(group)
            # A skill that stands in two groups has the level of the first.
            levels |= {key: skill for key, skill in new.items() if key not in levels}
    return groups, list(levels.values())


def _taken(group: Row, place: str, notes: Notes) -> Row:
    """The group without names that are too long for a skill."""
    found = {**group, "keywords": []}
    for number, keyword in enumerate(group.get("keywords", [])):
        if _fits(keyword, f"{place}.keywords.{number}", notes):
            found["keywords"].append(keyword)
    if "name" in group and not _fits(group["name"], f"{place}.name", notes):
        del found["name"]
    return {name: value for name, value in found.items() if value}


def _fits(name: str, place: str, notes: Notes) -> bool:
    try:
        SkillItem(name=name)
    except ValidationError as error:
        notes.add(place, error.errors()[0]["msg"])
        return False
    return True


def _names(group: Row) -> Iterator[str]:
    if "name" in group:
        yield group["name"]
    yield from group.get("keywords", [])


def write_skills(skills: list[Row], groups: list[Row]) -> list[Row]:
    """The skills as a document has them: in their groups, as far as every skill of a group still has its level, else one by one."""
    levels = {row["name"].casefold(): row["level"] for row in skills}
    expected: dict[str, int] = {}
    for group in groups:
        for name in _names(group):
            expected.setdefault(name.casefold(), level_of(group.get("level", "")))
    whole = [group for group in groups if all(levels.get(name.casefold()) == expected[name.casefold()] for name in _names(group))]
    written: list[Row] = []
    for row in skills:
        key = row["name"].casefold()
        mine = [group for group in whole if key in {name.casefold() for name in _names(group)}]
        written += [group for group in mine if group not in written]
        if not mine:
            written.append({"name": row["name"], "level": word_of(row["level"])})
    return written
