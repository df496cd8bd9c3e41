"""Small rules on text that several features share."""

import re
import unicodedata

_NOT_WORD = re.compile(r"[^a-z0-9]+")


def storable(text: str) -> str:
    """A stranger's text as PostgreSQL can hold it: without NUL and without lone surrogates."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


def unaccented(text: str) -> str:
    """The text in ASCII: letters without their accents (`Điện` becomes `Dien`), and nothing for what has no such letter."""
    return unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D")).encode("ascii", "ignore").decode()


def slugify(text: str, *, longest: int = 80) -> str:
    """Lower-case ASCII words joined by hyphens: `Kỹ sư Điện` becomes `ky-su-dien`; `x` when nothing is left."""
    return _NOT_WORD.sub("-", unaccented(unicodedata.normalize("NFKC", text)).lower()).strip("-")[:longest].strip("-") or "x"
