"""Levels of skills: 1-5 here, words in JSON Resume."""

from app.resumes.skills import DEFAULT_LEVEL

_WORDS = ("Beginner", "Elementary", "Intermediate", "Advanced", "Expert")
_MORE = {"novice": 1, "basic": 2, "competent": 3, "proficient": 4, "senior": 4, "master": 5, "native": 5}
_LEVELS = _MORE | {word.lower(): level for level, word in enumerate(_WORDS, 1)} | {str(level): level for level in range(1, 6)}


def word_of(level: int) -> str:
    """1-5 as a word."""
    return _WORDS[level - 1]


def level_of(word: str) -> int:
    """A word, or a digit, as 1-5; one that is not known counts as the middle."""
    return _LEVELS.get(word.strip().lower(), DEFAULT_LEVEL)
