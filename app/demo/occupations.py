"""The occupations of the demo board: who hires for them, what they are called, what they do and know."""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from app.demo.dice import Wheel
from app.demo.tables import LANGUAGES, LEVELS, Language, Level, read_rows, read_table

Grade = Literal["technology", "office", "service"]

USUAL_LEVELS: dict[Level, float] = {"INTERN": 1, "JUNIOR": 4, "MIDDLE": 5, "SENIOR": 3, "LEAD": 1}
SKILL_LABELS: dict[str, str] = read_table("skills")


@dataclass(frozen=True, slots=True)
class Track:
    """A branch of an occupation, such as Python for backend developers. `skills` are required, `extras` may join them.

    `only` names the sectors that know it; empty means all.
    """

    labels: dict[Language, str]
    skills: tuple[str, ...]
    extras: tuple[str, ...]
    only: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wording:
    """What an occupation is called and asks for, in one language; `one` is its name with an article."""

    name: str
    one: str
    major: str
    summaries: tuple[str, ...]
    duties: tuple[str, ...]
    needs: tuple[str, ...]
    titles: dict[Level, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Occupation:
    """One occupation. `demand` weighs it by sector, `anywhere` in every sector; `english` and `remote` are shares of its postings.

    `types` are the shares of job types other than full time.
    """

    key: str
    grade: Grade
    anywhere: float
    demand: dict[str, float]
    english: float
    remote: float
    levels: Wheel[Level]
    types: dict[str, float]
    tracks: tuple[Track, ...]
    wording: dict[Language, Wording]

    def tracks_in(self, sector: str) -> list[Track]:
        """The branches that companies of a sector know."""
        return [track for track in self.tracks if not track.only or sector in track.only]


def skill_label(name: str, language: Language) -> str:
    """How a canonical skill is written in a posting of that language."""
    return SKILL_LABELS.get(name, name) if language == "vi" else name


@cache
def hiring_wheel(sector: str) -> Wheel[Occupation]:
    """The occupations that companies of a sector look for."""
    return Wheel((occupation, occupation.anywhere + occupation.demand.get(sector, 0)) for occupation in OCCUPATIONS.values())


def _track(row: dict[str, Any], pool: list[str]) -> Track:
    skills = tuple(row["skills"])
    return Track(
        labels={"vi": row["vi"], "en": row["en"]},
        skills=skills,
        extras=tuple(name for name in pool if name not in skills),
        only=tuple(row.get("only", ())),
    )


def _wording(row: dict[str, Any]) -> Wording:
    return Wording(
        name=row["name"],
        one=row.get("one", row["name"]),
        major=row["major"],
        summaries=tuple(row["summaries"]),
        duties=tuple(row["duties"]),
        needs=tuple(row["needs"]),
        titles={level: tuple(row["titles"].get(level, ())) for level in LEVELS},
    )


def _occupation(row: dict[str, Any]) -> Occupation:
    weights: dict[Level, float] = row.get("levels", USUAL_LEVELS)
    return Occupation(
        key=row["key"],
        grade=row["grade"],
        anywhere=row.get("anywhere", 0),
        demand=row["demand"],
        english=row["english"],
        remote=row["remote"],
        levels=Wheel((level, weights[level]) for level in LEVELS),
        types=row.get("types", {}),
        tracks=tuple(_track(track, row["skills"]) for track in row["tracks"]),
        wording={language: _wording(row[language]) for language in LANGUAGES},
    )


OCCUPATIONS: dict[str, Occupation] = {row["key"]: _occupation(row) for row in read_rows("occupations")}
