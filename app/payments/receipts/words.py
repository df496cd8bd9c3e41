"""Amounts of money in words, as receipts carry them so that a figure cannot be altered unnoticed.

Vietnamese follows the reading that accounting documents use: a group of three digits after the first is read in full, "không trăm"
included (1,005,000: "một triệu không trăm lẻ năm nghìn"), and tỷ (10^9) counts on above itself (10^15: "một triệu tỷ"). The readings
num2words gives differ there (it reads 10^15 as "một trăm nghìn tỷ", a tenth of it), so both languages are spelled here.
"""

from dataclasses import dataclass

from babel.numbers import get_currency_precision

LIMIT = 10**18

_DIGITS = ("không", "một", "hai", "ba", "bốn", "năm", "sáu", "bảy", "tám", "chín")
_GROUPS = ((10**6, "triệu"), (10**3, "nghìn"), (1, ""))
_AFTER_TENS = {1: "mốt", 4: "tư", 5: "lăm"}

_SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen"),
    *("fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS = ("", "", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((10**15, "quadrillion"), (10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (10**3, "thousand"))


@dataclass(frozen=True)
class _Units:
    """A currency's names: Vietnamese (whole, part) and English (one, many; a part, parts)."""

    vietnamese: tuple[str, str]
    english: tuple[str, str]
    english_part: tuple[str, str] = ("", "")


_UNITS = {
    "VND": _Units(("đồng", ""), ("Vietnamese dong", "Vietnamese dong")),
    "USD": _Units(("đô la Mỹ", "xu"), ("US dollar", "US dollars"), ("cent", "cents")),
    "EUR": _Units(("euro", "xu"), ("euro", "euros"), ("cent", "cents")),
}


def amount_in_vietnamese(amount: int, currency: str) -> str:
    """`amount` in minor units, as `Một triệu năm trăm nghìn đồng`; another currency than VND, USD and EUR by its code."""
    whole, part, scale = _parts(amount, currency)
    units = _UNITS.get(currency)
    words = f"{spell_vietnamese(whole)} {units.vietnamese[0] if units else currency}"
    if part:
        words += f" và {spell_vietnamese(part)} {units.vietnamese[1]}" if units else f" và {part}/{scale}"
    return words[0].upper() + words[1:]


def amount_in_english(amount: int, currency: str) -> str:
    """`amount` in minor units, as `One million five hundred thousand Vietnamese dong`; other currencies by their code."""
    whole, part, scale = _parts(amount, currency)
    units = _UNITS.get(currency)
    words = f"{spell_english(whole)} {units.english[whole != 1] if units else currency}"
    if part:
        words += f" and {spell_english(part)} {units.english_part[part != 1]}" if units else f" and {part}/{scale}"
    return words[0].upper() + words[1:]


def spell_vietnamese(number: int) -> str:
    """A whole number below 10^18 in Vietnamese. Raises ValueError."""
    _check(number)
    return " ".join(_vietnamese(number)) or _DIGITS[0]


def spell_english(number: int) -> str:
    """A whole number below 10^18 in British English. Raises ValueError."""
    _check(number)
    words: list[str] = []
    rest = number
    for scale, name in _SCALES:
        count, rest = divmod(rest, scale)
        words += [_english_below_thousand(count), name] if count else []
    if rest or not words:
        words += ["and"] if words and rest < 100 else []
        words.append(_english_below_thousand(rest))
    return " ".join(words)


def _parts(amount: int, currency: str) -> tuple[int, int, int]:
    scale = 10 ** get_currency_precision(currency)
    return *divmod(amount, scale), scale


def _check(number: int) -> None:
    if not 0 <= number < LIMIT:
        raise ValueError(f"{number} is not between 0 and 10^18")


def _vietnamese(number: int) -> list[str]:
    billions, rest = divmod(number, 10**9)
    words = [*_vietnamese(billions), "tỷ"] if billions else []
    for scale, name in _GROUPS:
        group, rest = divmod(rest, scale)
        if group:
            words += [*_vietnamese_group(group, in_full=bool(words)), *([name] if name else [])]
    return words


def _vietnamese_group(group: int, *, in_full: bool) -> list[str]:
    hundreds, below = divmod(group, 100)
    tens, ones = divmod(below, 10)
    words = [_DIGITS[hundreds], "trăm"] if hundreds or in_full else []
    if tens > 1:
        words += [_DIGITS[tens], "mươi"] + ([_AFTER_TENS.get(ones, _DIGITS[ones])] if ones else [])
    elif tens == 1:
        words += ["mười"] + (["lăm" if ones == 5 else _DIGITS[ones]] if ones else [])
    elif ones:
        words += (["lẻ"] if words else []) + [_DIGITS[ones]]
    return words


def _english_below_thousand(number: int) -> str:
    hundreds, below = divmod(number, 100)
    words = [f"{_SMALL[hundreds]} hundred"] if hundreds else []
    if below or not hundreds:
        words.append(_english_below_hundred(below))
    return " and ".join(words)


def _english_below_hundred(number: int) -> str:
    if number < 20:
        return _SMALL[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens] + (f"-{_SMALL[ones]}" if ones else "")
