"""Reading a gateway's statement: a CSV file with a header line, its columns named by the caller where they differ from ours."""

import csv
import io
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from babel.numbers import get_currency_precision

from app.payments.errors import StatementUnreadable
from app.payments.models import Provider
from app.payments.reconciliation_models import LineKind

REQUIRED = ("kind", "order_code", "number", "amount", "currency")
# Where a refund's own number stands, if `number` is that of its payment.
COLUMNS = (*REQUIRED, "refund_number")
# VNPay's transaction types, and Stripe's reporting categories.
KINDS = {
    "payment": LineKind.PAYMENT,
    "charge": LineKind.PAYMENT,
    "01": LineKind.PAYMENT,
    "refund": LineKind.REFUND,
    "02": LineKind.REFUND,
    "03": LineKind.REFUND,
}
LARGEST = 10**15
LONGEST_TEXT = 200
MOST_FLAWS = 100
# No exponents (1e999999 costs minutes to write out), no separators of thousands, and digits of ASCII only.
_AMOUNT = re.compile(r"[+-]?[0-9]{1,16}(\.[0-9]{1,4})?", re.ASCII)


@dataclass(frozen=True)
class Line:
    """One movement. `amount` is positive, in the currency's minor unit, whatever the file's sign; `row` counts from 1, the header included."""

    row: int
    kind: LineKind
    order_code: str
    number: str
    amount: int
    currency: str


def read_statement(data: bytes, provider: Provider, *, columns: Mapping[str, str], in_major_units: bool) -> list[Line]:
    """Every line of the file. `columns` maps our names to the file's headers; VNPay's files need no currency, it is VND.

    Raises StatementUnreadable with all that is wrong: nothing of such a file is taken.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise StatementUnreadable(["The file is not UTF-8."]) from error
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    names = {name: columns.get(name, name) for name in COLUMNS}
    wanted = [names[name] for name in REQUIRED if not (name == "currency" and provider == Provider.VNPAY)]
    try:
        _check_header(reader.fieldnames or (), wanted, names.values())
        return _read_lines(reader, names, provider, in_major_units)
    except csv.Error as error:
        raise StatementUnreadable([f"line {reader.line_num}: {error}"]) from error


def _check_header(header: Sequence[str], wanted: Collection[str], known: Collection[str]) -> None:
    flaws = [f"The header has no column {name!r}." for name in wanted if name not in header]
    flaws += [f"The header has the column {name!r} twice." for name in known if header.count(name) > 1]
    if flaws:
        raise StatementUnreadable(flaws)


def _read_lines(reader: "csv.DictReader[str]", names: Mapping[str, str], provider: Provider, in_major_units: bool) -> list[Line]:
    lines: list[Line] = []
    flaws: list[str] = []
    seen: set[tuple[LineKind, str]] = set()
    for row in reader:
        if len(flaws) >= MOST_FLAWS:
            break
        cells = {ours: (row.get(theirs) or "").strip() for ours, theirs in names.items()}
        if provider == Provider.VNPAY:
            cells["currency"] = cells["currency"] or "VND"
        found = list(_flaws(cells, in_major_units))
        if any(row.get(None) or ()):  # What has no header stands under None.
            # A comma that nobody quoted, as in 1,500, has pushed what follows into other columns.
            found.append("there are more cells than the header has columns.")
        if found:
            flaws += [f"line {reader.line_num}: {flaw}" for flaw in found]
            continue
        line = _line(reader.line_num, cells, in_major_units)
        if (line.kind, line.number) in seen:
            flaws.append(f"line {reader.line_num}: {line.kind} {line.number} is there twice.")
        seen.add((line.kind, line.number))
        lines.append(line)
    if flaws:
        raise StatementUnreadable(flaws)
    return lines


def _flaws(cells: Mapping[str, str], in_major_units: bool) -> Iterator[str]:
    if cells["kind"].lower() not in KINDS:
        yield f"{cells['kind'][:LONGEST_TEXT]!r} is neither a payment nor a refund."
    for name in ("order_code", "number"):
        if not cells[name] or not _is_plain(cells[name]):
            yield f"{name} is empty, too long, or holds what cannot be printed."
    if not _is_plain(cells["refund_number"]):
        yield "refund_number is too long, or holds what cannot be printed."
    if not (len(cells["currency"]) == 3 and cells["currency"].isascii() and cells["currency"].isalpha()):
        yield f"{cells['currency'][:LONGEST_TEXT]!r} is no currency."
    elif _minor(cells["amount"], cells["currency"], in_major_units) is None:
        yield f"{cells['amount'][:LONGEST_TEXT]!r} is no amount."
    elif KINDS.get(cells["kind"].lower()) == LineKind.PAYMENT and cells["amount"].startswith("-"):
        yield f"{cells['amount']!r} is no payment: the money goes the other way."


def _is_plain(text: str) -> bool:
    """What a terminal shows as it is: operators read these texts in their own."""
    return len(text) <= LONGEST_TEXT and text.isprintable()


def _line(row: int, cells: Mapping[str, str], in_major_units: bool) -> Line:
    amount = _minor(cells["amount"], cells["currency"], in_major_units)
    assert amount is not None  # noqa: S101  Checked as a flaw before.
    kind = KINDS[cells["kind"].lower()]
    number = (cells["refund_number"] if kind == LineKind.REFUND else "") or cells["number"]
    return Line(row, kind, cells["order_code"], number, amount, cells["currency"].upper())


def _minor(text: str, currency: str, in_major_units: bool) -> int | None:
    """The amount without its sign, in minor units; None for what is no number, zero, or has a fraction of the smallest unit.

    Separators of thousands are refused: `1.500` is two amounts, depending on who reads it.
    """
    if not _AMOUNT.fullmatch(text):
        return None
    number = abs(Decimal(text))
    minor = number.scaleb(get_currency_precision(currency.upper())) if in_major_units else number
    return int(minor) if minor == int(minor) and 0 < minor <= LARGEST else None
