"""Skills that have a name of their own, from `data/skills.toml`: they are suggested to who types, and tell of a job what it asks for."""

import tomllib
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

from app.search.synonyms import Phrase
from app.search.text import Token, analyse

_DATA = Path(__file__).parent / "data" / "skills.toml"


@cache
def labels() -> list[str]:
    """The names of all skills, as they are shown."""
    return [label for section in tomllib.loads(_DATA.read_text("utf-8")).values() for label in section]


@cache
def words() -> frozenset[str]:
    """The folded words of the names."""
    return frozenset(token.folded for label in labels() for token in analyse(label))


def named_in(text: Sequence[Token]) -> Iterator[Phrase]:
    """The skills that stand in a text, in its order; of several that begin at a word the longest."""
    place = 0
    while place < len(text):
        known = next((phrase for phrase in _by_head().get(text[place].folded, ()) if _stands_at(text, place, phrase)), None)
        if known:
            yield known
        place += len(known) if known else 1


@cache
def _by_head() -> dict[str, list[Phrase]]:
    found: dict[str, list[Phrase]] = {}
    for phrase in (tuple(analyse(label)) for label in labels()):
        found.setdefault(phrase[0].folded, []).append(phrase)
    return {head: sorted(phrases, key=lambda phrase: -len(phrase)) for head, phrases in found.items()}


def _stands_at(words: Sequence[Token], place: int, phrase: Phrase) -> bool:
    return [word.accented for word in words[place : place + len(phrase)]] == [word.accented for word in phrase]
