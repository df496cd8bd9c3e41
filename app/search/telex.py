"""Vietnamese as the keys of the Telex method, when the keyboard did not turn them into letters: `tieengs` for `tiếng`, `dduwowcj` for `được`."""

import re

_DOUBLED = re.compile(r"([adeo])\1")
_HORN = re.compile(r"(?<=[aou])w")
_TONE = re.compile(r"(?<=[aeiouy])([cghmnpt]*)[sfrxj]([cghmnpt]*)$")
_SYLLABLE = re.compile(r"[bcdghklmnpqrstvx]{0,3}[aeiouy]{1,3}(?:ch|ng|nh|[cmnpt])?")


def read(keys: str) -> str:
    """The syllable, folded, that the keys give; the keys themselves, lower-case letters, when they give none."""
    letters = _HORN.sub("", _DOUBLED.sub(r"\1", keys)).replace("w", "u")
    syllable = _TONE.sub(r"\1\2", letters)
    return syllable if _SYLLABLE.fullmatch(syllable) else keys
