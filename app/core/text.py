"""Small rules on text that several features share."""

import re
import unicodedata

_NOT_WORD = re.compile(r"[^a-z0-9]+")


def storable(text: str) -> str:
    """A stranger's text as PostgreSQL can hold it: without NUL and without lone surrogates."""
    return text.replace("\x00", "\ufffd").encode(errors="replace").decode()


def slugify(text: str, *, longest: int = 80) -> str:
    """Lower-case ASCII words joined by hyphens: `Kỹ sư Điện` becomes `ky-su-dien`; `x` when nothing is left."""
    plain = unicodedata.normalize("NFKD", text.replace("đ", "d").replace("Đ", "D")).encode("ascii", "ignore").decode()
    return _NOT_WORD.sub("-", plain.lower()).strip("-")[:longest].strip("-") or "x"
