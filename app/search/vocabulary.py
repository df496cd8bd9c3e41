"""The words that stand in jobs, for finding what a mistyped word was meant to be.

Two words lie one slip apart when a letter is missing, added, replaced, or swapped with the next. Each word is kept with its variants, what is
left when one letter is taken out; words one slip apart share a variant, so an index finds the candidates at once.
"""

from collections.abc import Iterable, Iterator

from sqlalchemy import Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert

from app.extensions import db
from app.search.models import SearchWord

MIN_LENGTH, MAX_LENGTH = 2, 24
"""Letters of a word that is learned."""

MIN_CORRECTED_LENGTH = 3
"""Letters of a word that is corrected: a shorter one lies next to too many."""

_VOWELS = frozenset("aeiouyw")
"""With the `w` that Telex has for `ư`."""

_MOST_CANDIDATES = 200
_BATCH = 1000


def entries(words: Iterable[str]) -> Iterator[tuple[str, set[str]]]:
    """The words that are worth learning, each with its variants, in alphabetical order."""
    for word in sorted(words):
        if _is_word(word):
            yield word, _variants(word)


def learn(words: set[str]) -> None:
    """Add the words that are new, in the open transaction."""
    rows = [{"word": word, "variants": sorted(variants)} for word, variants in entries(words - _known(words))]
    for start in range(0, len(rows), _BATCH):
        db.session.execute(insert(SearchWord).values(rows[start : start + _BATCH]).on_conflict_do_nothing())


def find_unknown(words: Iterable[str]) -> set[str]:
    """Those of the words that could be corrected, and stand in no job."""
    found = correctable(words)
    return found - _known(found)


def correctable(words: Iterable[str]) -> set[str]:
    """Those of the words that are long enough to be corrected; one without a vowel is an abbreviation (`FPT`), and means what it says."""
    return {word for word in words if _is_word(word) and len(word) >= MIN_CORRECTED_LENGTH and not _VOWELS.isdisjoint(word)}


def _known(words: Iterable[str]) -> set[str]:
    return set(db.session.scalars(select(SearchWord.word).where(SearchWord.word == any_(literal(sorted(words), ARRAY(Text))))))


def one_slip_away(word: str) -> list[str]:
    """The known words one slip apart from `word`, those with its first letter before the others."""
    near = select(SearchWord.word).where(SearchWord.variants.overlap(sorted(_variants(word))))
    candidates = db.session.scalars(near.limit(_MOST_CANDIDATES)).all()
    return sorted((other for other in candidates if is_one_slip(word, other)), key=lambda other: (other[0] != word[0], other))


def is_one_slip(word: str, other: str) -> bool:
    """Whether a letter is missing, added, replaced, or swapped with the next."""
    if len(word) > len(other):
        word, other = other, word
    same = next((place for place in range(len(word)) if word[place] != other[place]), len(word))
    rest, other_rest = word[same:], other[same:]
    if len(word) < len(other):
        return rest == other_rest[1:]
    is_swap = rest[:2] == other_rest[1::-1] and rest[2:] == other_rest[2:]
    return bool(rest) and (rest[1:] == other_rest[1:] or is_swap)


def _is_word(word: str) -> bool:
    return MIN_LENGTH <= len(word) <= MAX_LENGTH and word.isalpha()


def _variants(word: str) -> set[str]:
    return {word, *(word[:place] + word[place + 1 :] for place in range(len(word)))}
