"""Puts a demo posting into words, Vietnamese or English, from the sentences in `data/`."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from app.demo.companies import SECTORS, CompanySeed
from app.demo.dice import Dice
from app.demo.occupations import Occupation, Track, skill_label
from app.demo.places import REMOTE, Place
from app.demo.tables import LANGUAGES, Language, Level, read_table
from app.demo.terms import MILLION, JobType, Pay

_TABLE: Final = read_table("phrases")
PHRASES: Final[dict[Language, dict[str, Any]]] = {language: _TABLE[language] for language in LANGUAGES}
EXTRA_SKILLS: Final[dict[Level, int]] = {"INTERN": 1, "JUNIOR": 2, "MIDDLE": 3, "SENIOR": 3, "LEAD": 4}


@dataclass(frozen=True, slots=True)
class Role:
    """What a company looks for, before it is put into words."""

    company: CompanySeed
    occupation: Occupation
    track: Track
    level: Level
    job_type: JobType
    place: Place
    language: Language

    @property
    def is_remote(self) -> bool:
        """Whether the work is done from anywhere."""
        return self.place.key == REMOTE


def draw_skills(dice: Dice, role: Role) -> tuple[list[str], list[str]]:
    """The canonical skills a posting requires, and those it welcomes."""
    return list(role.track.skills), dice.sample(role.track.extras, EXTRA_SKILLS[role.level])


def title(dice: Dice, role: Role, pay: Pay) -> str:
    """A title as employers write them, sometimes with a remark that makes it stand out."""
    words = dice.pick(role.occupation.wording[role.language].titles[role.level]).format(track=role.track.labels[role.language])
    remark, fraction = "", dice.fraction()
    phrases = PHRASES[role.language]
    if role.job_type in phrases["suffix_type"]:
        remark = phrases["suffix_type"][role.job_type]
    elif role.is_remote:
        remark = phrases["suffix_remote"] if fraction < 0.6 else ""
    elif fraction < 0.08:
        remark = role.place.names[role.language]
    elif fraction < 0.14 and pay.high:
        remark = phrases["suffix_pay" if pay.currency == "VND" else "suffix_pay_usd"].format(top=_amount(pay.high, pay, role.language))
    elif fraction < 0.17 and role.level in ("JUNIOR", "MIDDLE"):
        remark = phrases["suffix_urgent"]
    return _capital(words) + (f" - {remark}" if remark else "")


def description(dice: Dice, role: Role) -> str:
    """Who is hiring and for what, then how the work is set up: two paragraphs."""
    phrases, wording = PHRASES[role.language], role.occupation.wording[role.language]
    area = dice.pick(role.place.areas)[role.language]
    where = phrases["where_remote"] if role.is_remote else phrases["where"].format(area=area, place=role.place.names[role.language])
    opening = dice.pick(phrases["openings"]).format(
        company=role.company.brand, about=role.company.about[role.language], role=wording.one, where=where
    )
    summary = dice.pick(wording.summaries).format(track=role.track.labels[role.language])
    setting = dice.pick(phrases["settings"][role.level])
    return f"{opening} {summary}\n\n{setting} {' '.join(dice.sample(phrases['closings'], 1 + dice.between(0, 1)))}"


def responsibilities(dice: Dice, role: Role) -> str:
    """Four to six duties of the occupation and one of the level, as bullets."""
    duties = dice.sample(role.occupation.wording[role.language].duties, dice.between(4, 6))
    return _bullets([*duties, dice.pick(PHRASES[role.language]["level_duties"][role.level])])


def requirements(dice: Dice, role: Role, required: list[str], welcome: list[str]) -> str:
    """Years, degree, skills and attitude, as bullets. Each skill is named here, whatever else names it."""
    phrases, wording = PHRASES[role.language], role.occupation.wording[role.language]
    core = phrases["skills_core_intern" if role.level == "INTERN" else "skills_core"]
    lines = [dice.pick(phrases["years"][role.level]).format(major=wording.major)]
    if role.level != "INTERN" and dice.chance(0.7):
        lines.append(dice.pick(phrases["degree"]).format(major=wording.major))
    lines.append(dice.pick(core).format(core=_listed(required, role.language)))
    if welcome:
        lines.append(dice.pick(phrases["skills_extra"]).format(extra=_listed(welcome, role.language)))
    lines += dice.sample(wording.needs, dice.between(2, 3))
    lines += dice.sample(phrases["general_needs"], dice.between(1, 2))
    return _bullets(lines)


def benefits(dice: Dice, role: Role, pay: Pay) -> str:
    """Pay first, then what comes with it, as bullets; a sector's own perks only for staff who come to its premises."""
    phrases = PHRASES[role.language]
    lines = [_pay_line(dice, pay, role.language)]
    if role.job_type == "INTERNSHIP":
        lines += dice.sample(phrases["benefits"]["intern"], dice.between(3, 4))
    elif role.job_type in ("PART_TIME", "FREELANCE"):
        lines += dice.sample(phrases["benefits"]["flexible"], dice.between(3, 4))
    else:
        lines += dice.sample(phrases["benefits"]["employee"], dice.between(4, 6))
        if not role.is_remote:
            lines += dice.sample(SECTORS[role.company.sector].perks[role.language], dice.between(1, 2))
    return _bullets(lines)


def _pay_line(dice: Dice, pay: Pay, language: Language) -> str:
    if pay.low is None and pay.high is None:
        return str(dice.pick(PHRASES[language]["pay_open"]))
    kind = "pay_to" if pay.low is None else "pay_from" if pay.high is None else "pay_range"
    sentence: str = dice.pick(PHRASES[language][kind if pay.currency == "VND" else f"{kind}_usd"])
    return sentence.format(low=_amount(pay.low or 0, pay, language), high=_amount(pay.high or 0, pay, language))


def _amount(value: int, pay: Pay, language: Language) -> str:
    """Dollars with thousands separated, đồng in millions."""
    if pay.currency == "USD":
        return f"{value:,}"
    millions = f"{value / MILLION:g}"
    return millions.replace(".", ",") if language == "vi" else millions


def _listed(skills: list[str], language: Language) -> str:
    """`A, B and C` in the posting's language."""
    labels = [skill_label(name, language) for name in skills]
    if len(labels) == 1:
        return labels[0]
    return f"{', '.join(labels[:-1])} {PHRASES[language]['and']} {labels[-1]}"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join([f"- {line}" for line in lines])


def _capital(text: str) -> str:
    """`kế toán thuế` becomes `Kế toán thuế`, but `iOS` stays."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]
