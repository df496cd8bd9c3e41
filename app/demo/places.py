"""Where the demo jobs are."""

from dataclasses import dataclass

from app.demo.dice import Wheel
from app.demo.tables import Language, read_table

REMOTE = "remote"


@dataclass(frozen=True, slots=True)
class Place:
    """A town or province. `names` and each area hold the Vietnamese and the English wording; `weight` is its share of the jobs."""

    key: str
    names: dict[Language, str]
    weight: float
    areas: tuple[dict[Language, str], ...]

    @property
    def location(self) -> str:
        """The name a posting shows, whatever its language: boards keep one spelling per town so that filters work."""
        return self.names["vi"]


PLACES: dict[str, Place] = {
    row["key"]: Place(
        key=row["key"],
        names={"vi": row["vi"], "en": row["en"]},
        weight=row["weight"],
        areas=tuple({"vi": vi, "en": en} for vi, en in row["areas"]),
    )
    for row in read_table("places")["places"]
}

PLACE_WHEEL: Wheel[Place] = Wheel((place, place.weight) for place in PLACES.values())
