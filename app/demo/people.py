"""The candidates and recruiters of the demo board, and the demo candidate's résumé."""

from dataclasses import dataclass
from typing import Any, Final

from app.core.text import slugify
from app.demo.dice import Dice, Wheel
from app.demo.tables import read_table

_TABLE: Final = read_table("people")
_FAMILIES: Final[Wheel[str]] = Wheel((name, share) for name, share in _TABLE["families"])

# In the shape of a résumé in the API, without the photo. Copy it before changing it.
SAMPLE_RESUME: Final[dict[str, Any]] = read_table("resume")


@dataclass(frozen=True, slots=True)
class PersonSeed:
    """One invented person. `email` is unique within a call; `phone_number` is in national form, ten digits."""

    index: int
    full_name: str
    email: str
    phone_number: str


def people(seed: int, count: int) -> list[PersonSeed]:
    """`count` persons with different e-mail addresses; a longer list begins with the shorter one."""
    dice = Dice("people", seed)
    taken: dict[str, int] = {}
    return [_person(dice, index, taken) for index in range(count)]


def _person(dice: Dice, index: int, taken: dict[str, int]) -> PersonSeed:
    parts = _TABLE["women" if dice.chance(0.5) else "men"]
    family, middle = _FAMILIES.spin(dice), dice.pick(parts["middles"])
    given = dice.pick([name for name in parts["given"] if name not in middle])
    local = f"{slugify(given)}.{slugify(f'{family} {middle}').replace('-', '')}"
    taken[local] = taken.get(local, 0) + 1
    again = str(taken[local]) if taken[local] > 1 else ""
    return PersonSeed(
        index=index,
        full_name=f"{family} {middle} {given}",
        email=f"{local}{again}@example.com",
        # 095 was the prefix of an operator that closed, so that a demo number should ring at nobody's.
        phone_number=f"095{dice.between(0, 9_999_999):07d}",
    )
