"""The terms of a demo posting: level and type of work, pay, and its dates."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal

from app.demo.dice import Dice
from app.demo.occupations import Grade, Occupation
from app.demo.tables import Language, Level

JobType = Literal["FULL_TIME", "PART_TIME", "CONTRACT", "FREELANCE", "INTERNSHIP"]
Status = Literal["DRAFT", "OPEN", "CLOSED"]
Currency = Literal["VND", "USD"]

MILLION: Final = 1_000_000
# Monthly pay in millions of VND. Leads in technology reach 120; a head chef or a chief storekeeper earns far less.
BANDS: Final[dict[Grade, dict[Level, tuple[float, float]]]] = {
    "technology": {"INTERN": (3.5, 6), "JUNIOR": (11, 20), "MIDDLE": (18, 38), "SENIOR": (35, 65), "LEAD": (60, 120)},
    "office": {"INTERN": (3, 5.5), "JUNIOR": (8, 14), "MIDDLE": (12, 24), "SENIOR": (20, 40), "LEAD": (32, 80)},
    "service": {"INTERN": (3, 5), "JUNIOR": (6.5, 10), "MIDDLE": (9, 15), "SENIOR": (13, 24), "LEAD": (20, 40)},
}
PART_TIME_SHARE: Final = 0.5
# Dollars a month for a million VND: the exchange rate and the premium that employers who pay in dollars offer.
DOLLARS_PER_MILLION: Final = 48
DAYS: Final = 60
VIETNAM_OFFICE_OPENS_UTC: Final = time(1, tzinfo=UTC)
OFFICE_SECONDS: Final = 10 * 3600


@dataclass(frozen=True, slots=True)
class Pay:
    """A month's pay in whole đồng or whole dollars; a bound that is not stated is None."""

    low: int | None
    high: int | None
    currency: Currency
    is_negotiable: bool


@dataclass(frozen=True, slots=True)
class Dates:
    """When a posting appeared (UTC), until when it takes applications, and how it stands."""

    created_at: datetime
    deadline: date
    status: Status


def draw_type(dice: Dice, occupation: Occupation, level: Level) -> JobType:
    """How the work is arranged: interns as interns, leads full time, seniors never part time."""
    if level == "INTERN":
        return "INTERNSHIP"
    if level == "LEAD":
        return "FULL_TIME"
    fraction = dice.fraction()
    options: tuple[JobType, ...] = ("CONTRACT", "FREELANCE") if level == "SENIOR" else ("CONTRACT", "FREELANCE", "PART_TIME")
    for option in options:
        fraction -= occupation.types.get(option, 0)
        if fraction < 0:
            return option
    return "FULL_TIME"


def draw_range(dice: Dice, grade: Grade, level: Level, job_type: JobType) -> tuple[float, float]:
    """The pay an employer has in mind, in millions of VND a month, rounded as people round."""
    bottom, top = BANDS[grade][level]
    low = bottom + dice.fraction() * 0.6 * (top - bottom)
    high = low + (0.25 + 0.15 * dice.fraction()) * (top - bottom)
    share = PART_TIME_SHARE if job_type == "PART_TIME" else 1
    return _rounded(low * share), max(_rounded(high * share), _rounded(low * share) + 0.5)


def draw_pay(dice: Dice, grade: Grade, level: Level, job_type: JobType, language: Language) -> Pay:
    """What of it the posting states: mostly both ends, sometimes one, sometimes nothing. English postings for professionals may be in dollars."""
    low, high = draw_range(dice, grade, level, job_type)
    in_dollars = language == "en" and _may_be_in_dollars(grade, level, job_type) and dice.chance(0.5)
    shown = dice.fraction()
    if shown < 0.14:
        return Pay(None, None, "VND", is_negotiable=True)
    bounds = [_dollars(low), _dollars(high)] if in_dollars else [int(low * MILLION), int(high * MILLION)]
    return Pay(
        low=None if 0.14 <= shown < 0.2 else bounds[0],
        high=None if 0.2 <= shown < 0.26 else bounds[1],
        currency="USD" if in_dollars else "VND",
        is_negotiable=dice.chance(0.15),
    )


def _may_be_in_dollars(grade: Grade, level: Level, job_type: JobType) -> bool:
    if job_type in ("INTERNSHIP", "PART_TIME"):
        return False
    return grade == "technology" or (grade == "office" and level in ("SENIOR", "LEAD"))


def plain_pay(dice: Dice, grade: Grade, level: Level) -> Pay:
    """Both ends stated, in VND, for full-time work."""
    low, high = draw_range(dice, grade, level, "FULL_TIME")
    return Pay(int(low * MILLION), int(high * MILLION), "VND", is_negotiable=False)


def draw_dates(dice: Dice, today: date, *, always_open: bool = False) -> Dates:
    """Dates around `today`: more new postings than old ones, a few past their deadline, a few drafts and closed ones."""
    age = 1 + int((DAYS - 1) * dice.fraction() ** 1.5) if not always_open else 2
    opened = datetime.combine(today - timedelta(days=age), VIETNAM_OFFICE_OPENS_UTC)
    created_at = opened + timedelta(seconds=dice.between(0, OFFICE_SECONDS))
    expired, fate, wait = dice.chance(0.06), dice.fraction(), dice.between(5, 55)
    if always_open:
        return Dates(created_at, today + timedelta(days=45), "OPEN")
    if expired and age > 10:
        return Dates(created_at, today - timedelta(days=dice.between(1, age - 7)), "CLOSED" if fate < 0.4 else "OPEN")
    status: Status = "DRAFT" if fate < 0.04 else "CLOSED" if fate < 0.1 else "OPEN"
    return Dates(created_at, today + timedelta(days=wait), status)


def _rounded(millions: float) -> float:
    step = 0.5 if millions < 15 else 1 if millions < 40 else 5
    return round(millions / step) * step


def _dollars(millions: float) -> int:
    return round(millions * DOLLARS_PER_MILLION / 50) * 50
