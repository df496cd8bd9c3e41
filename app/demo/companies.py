"""The employers of the demo board: invented, on a domain that is reserved for examples."""

from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from app.core.text import slugify
from app.demo.dice import Dice, Wheel
from app.demo.places import PLACE_WHEEL, PLACES
from app.demo.tables import LANGUAGES, Language, read_table


@dataclass(frozen=True, slots=True)
class Sector:
    """An industry. `spread` is the share of its jobs outside the company's own town; `hiring` is how much it recruits; `forms` hold `{brand}`."""

    key: str
    industry: str
    spread: float
    hiring: float
    forms: tuple[str, ...]
    about: dict[Language, tuple[str, ...]]
    perks: dict[Language, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class CompanySeed:
    """One employer. `industry`, `company_size` (a range of heads), `location` are shown; `sector` and `place` are stable keys.

    `brand` is the short name and `about` the half sentence that postings use; `language` is that of the description.
    """

    index: int
    name: str
    brand: str
    website: str
    description: str
    industry: str
    company_size: str
    location: str
    sector: str
    place: str
    language: Language
    about: dict[Language, str]


SECTORS: Final[dict[str, Sector]] = {
    row["key"]: Sector(
        key=row["key"],
        industry=row["industry"],
        spread=row["spread"],
        hiring=row.get("hiring", 1),
        forms=tuple(row["forms"]),
        about={language: tuple(row[language]["about"]) for language in LANGUAGES},
        perks={language: tuple(row[language]["perks"]) for language in LANGUAGES},
    )
    for row in read_table("sectors")["sectors"]
}
SIZES: Final[Wheel[str]] = Wheel([("11-50", 4), ("51-200", 5), ("201-500", 3), ("501-1000", 1)])
_TABLE: Final = read_table("companies")
_MADE_UP: Final = tuple(product(_TABLE["brands"], (form for sector in SECTORS.values() for form in sector.forms)))
_SECTOR_OF: Final = {form: sector for sector in SECTORS.values() for form in sector.forms}
MAX_COMPANIES: Final = len(_TABLE["companies"]) + len(_MADE_UP)


def companies(seed: int, count: int = 40) -> list[CompanySeed]:
    """`count` different companies, at most MAX_COMPANIES. The first is always the same; the written ones come before the made-up ones."""
    if not 0 <= count <= MAX_COMPANIES:
        raise ValueError(f"between 0 and {MAX_COMPANIES} companies can be made, not {count}")
    dice = Dice("companies", seed)
    first, *others = _TABLE["companies"]
    rows = [first, *dice.sample(others, len(others))][:count]
    rows += [_made_up(dice, brand, form) for brand, form in dice.sample(_MADE_UP, count - len(rows))]
    return [_seed(index, row) for index, row in enumerate(rows)]


def _made_up(dice: Dice, brand: str, form: str) -> dict[str, Any]:
    """A company in the shape of those in data/companies.toml."""
    sector = _SECTOR_OF[form]
    name = form.format(brand=brand)
    choice = dice.between(0, len(sector.about["vi"]) - 1)
    about: dict[Language, str] = {language: sector.about[language][choice] for language in LANGUAGES}
    english = form.startswith("{brand}")
    short = name if english else brand
    return {
        "name": name,
        "brand": short,
        "domain": slugify(name),
        "sector": sector.key,
        "size": SIZES.spin(dice),
        "place": PLACE_WHEEL.spin(dice).key,
        "language": "en" if english else "vi",
        "about": about,
        "description": f"{name} is {about['en']}." if english else f"{name} là {about['vi']}.",
    }


def _seed(index: int, row: dict[str, Any]) -> CompanySeed:
    return CompanySeed(
        index=index,
        name=row["name"],
        brand=row["brand"],
        website=f"https://{row['domain']}.example.com",
        description=row["description"],
        industry=SECTORS[row["sector"]].industry,
        company_size=row["size"],
        location=PLACES[row["place"]].location,
        sector=row["sector"],
        place=row["place"],
        language=row["language"],
        about=row["about"],
    )
