"""Graded results of real queries, by rule from what the demo board's generator drew: occupation, skills, place, level, kind of work.

Nothing here looks at a posting's words, so no ranking can be tuned to them. A wish is met or not. A job that meets all has grade 3; one that lacks a
single wish, but meets the subject (the occupation or else the skills), has 1; every other has 0.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from math import log2
from pathlib import Path

from app.demo.catalogue import JobSeed

PERFECT, LACKING = 3, 1
_DATA = Path(__file__).parent / "judgements.toml"


@dataclass(frozen=True, slots=True)
class Wanted:
    """A query and what it means. Empty, None and False wish for nothing."""

    text: str
    occupation: Sequence[str] = ()
    skill: Sequence[str] = ()
    place: str | None = None
    level: Sequence[str] = ()
    type: str | None = None
    remote: bool = False
    without: Sequence[str] = field(default=())

    def grade(self, job: JobSeed) -> int:
        """How well a job answers, from 0 to 3."""
        subjects = [job.occupation in self.occupation] if self.occupation else []
        subjects += [set(self.skill) <= set(job.skills)] if self.skill else []
        conditions = [job.place == self.place] if self.place else []
        conditions += [job.experience_level in self.level] if self.level else []
        conditions += [job.job_type == self.type] if self.type else []
        conditions += [job.is_remote] if self.remote else []
        if set(self.without) & set(job.skills) or not subjects[0]:
            return 0
        lacking = [*subjects, *conditions].count(False)
        return {0: PERFECT, 1: LACKING}.get(lacking, 0)


@cache
def wanted() -> list[Wanted]:
    """All queries."""
    return [Wanted(**row) for row in tomllib.loads(_DATA.read_text("utf-8"))["queries"]]


def ndcg(grades: Sequence[int], ideal: Sequence[int], depth: int) -> float:
    """Normalised discounted cumulative gain of the first `depth` results; the gain of a grade g is 2^g - 1 (Burges et al. 2005)."""
    best = _gain(sorted(ideal, reverse=True)[:depth])
    return _gain(grades[:depth]) / best if best else 1.0


def recall(grades: Sequence[int], ideal: Sequence[int], depth: int) -> float:
    """How many of the perfect jobs stand among the first `depth`, of as many as could."""
    there = min(depth, ideal.count(PERFECT))
    return grades[:depth].count(PERFECT) / there if there else 1.0


def _gain(grades: Sequence[int]) -> float:
    return sum((2**grade - 1) / log2(place + 2) for place, grade in enumerate(grades))
