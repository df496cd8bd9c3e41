"""Small rules on text that several features share."""

import re
import unicodedata

_NOT_WORD = re.compile(r"[^a-z0-9]+")
# Embeddings, overrides and isolates, and their ends (Unicode, UAX 9, 2.1-2.4).
_BIDI_CONTROLS = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)])


def storable(text: str) -> str:
    """A stranger's text as PostgreSQL can hold it: without NUL and without lone surrogates."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


def without_bidi_controls(text: str) -> str:
    """A stranger's text for a place among our own words: one that begins to write from right to left, and does not end it, would turn them round."""
    return text.translate(_BIDI_CONTROLS)


def unaccented(text: str) -> str:
    """The text in ASCII: letters without their accents (`Điện` becomes `Dien`), and nothing for what has no such letter."""
    return unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D")).encode("ascii", "ignore").decode()


def slugify(text: str, *, longest: int = 80) -> str:
    """Lower-case ASCII words joined by hyphens: `Kỹ sư Điện` becomes `ky-su-dien`; `x` when nothing is left."""
    return _NOT_WORD.sub("-", unaccented(unicodedata.normalize("NFKC", text)).lower()).strip("-")[:longest].strip("-") or "x"
