"""The demo board as a deterministic stream: the same seed gives the same companies and jobs, however many are taken."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from app.demo import wording
from app.demo.companies import MAX_COMPANIES, SECTORS, CompanySeed, companies
from app.demo.dice import Dice, Wheel
from app.demo.occupations import OCCUPATIONS, hiring_wheel
from app.demo.places import PLACE_WHEEL, PLACES, REMOTE, Place
from app.demo.tables import Language, Level
from app.demo.terms import Currency, JobType, Pay, Status, draw_dates, draw_pay, draw_type, plain_pay
from app.demo.wording import Role

__all__ = ["MAX_COMPANIES", "CompanySeed", "JobSeed", "companies", "jobs"]

# How many postings a company has, relative to the others.
POSTINGS_BY_SIZE: Final = {"11-50": 1, "51-200": 2, "201-500": 3, "501-1000": 4, "1001-5000": 5}


@dataclass(frozen=True, slots=True)
class JobSeed:
    """One posting. Pay is a month's, in whole đồng or whole dollars; `created_at` is UTC.

    `occupation` and `place` are stable keys and `skills` canonical names, all of them named in the text: by these, not by the wording,
    a search result can be judged.
    """

    index: int
    company_index: int
    title: str
    description: str
    requirements: str
    responsibilities: str
    benefits: str
    location: str
    job_type: JobType
    experience_level: Level
    salary_min: int | None
    salary_max: int | None
    currency: Currency
    is_negotiable: bool
    deadline: date
    status: Status
    created_at: datetime
    is_remote: bool
    language: Language
    occupation: str
    skills: tuple[str, ...]
    place: str


def jobs(seed: int, count: int, companies: Sequence[CompanySeed], today: date) -> Iterator[JobSeed]:
    """Yield `count` postings of `companies`. A longer stream begins with the shorter one; only dates depend on `today`.

    Job 0 belongs to the first company and is always an open, full-time, mid-level posting with both ends of its pay stated.
    """
    dice = Dice("jobs", seed)
    wheel: Wheel[CompanySeed] = Wheel((company, POSTINGS_BY_SIZE[company.company_size] * SECTORS[company.sector].hiring) for company in companies)
    for index in range(count):
        role = _first_role(companies[0]) if index == 0 else _draw_role(dice, wheel.spin(dice))
        yield _job(dice, index, role, today)


def _first_role(company: CompanySeed) -> Role:
    occupation = OCCUPATIONS["backend-developer"]
    return Role(company, occupation, occupation.tracks[0], "MIDDLE", "FULL_TIME", PLACES[company.place], "vi")


def _draw_role(dice: Dice, company: CompanySeed) -> Role:
    occupation = hiring_wheel(company.sector).spin(dice)
    level = occupation.levels.spin(dice)
    in_english = 0.5 * occupation.english + (0.5 if company.language == "en" else 0)
    return Role(
        company=company,
        occupation=occupation,
        track=dice.pick(occupation.tracks_in(company.sector)),
        level=level,
        job_type=draw_type(dice, occupation, level),
        place=_draw_place(dice, company, occupation.remote),
        language="en" if dice.chance(in_english) else "vi",
    )


def _draw_place(dice: Dice, company: CompanySeed, remote: float) -> Place:
    if dice.chance(remote):
        return PLACES[REMOTE]
    if dice.chance(SECTORS[company.sector].spread):
        return PLACE_WHEEL.spin(dice)
    return PLACES[company.place]


def _job(dice: Dice, index: int, role: Role, today: date) -> JobSeed:
    grade = role.occupation.grade
    pay: Pay = plain_pay(dice, grade, role.level) if index == 0 else draw_pay(dice, grade, role.level, role.job_type, role.language)
    dates = draw_dates(dice, today, always_open=index == 0)
    required, welcome = wording.draw_skills(dice, role)
    return JobSeed(
        index=index,
        company_index=role.company.index,
        title=wording.title(dice, role, pay),
        description=wording.description(dice, role),
        requirements=wording.requirements(dice, role, required, welcome),
        responsibilities=wording.responsibilities(dice, role),
        benefits=wording.benefits(dice, role, pay),
        location=role.place.location,
        job_type=role.job_type,
        experience_level=role.level,
        salary_min=pay.low,
        salary_max=pay.high,
        currency=pay.currency,
        is_negotiable=pay.is_negotiable,
        deadline=dates.deadline,
        status=dates.status,
        created_at=dates.created_at,
        is_remote=role.is_remote,
        language=role.language,
        occupation=role.occupation.key,
        skills=(*required, *welcome),
        place=role.place.key,
    )
