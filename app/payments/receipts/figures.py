"""Amounts in figures."""

from babel.numbers import format_decimal, get_currency_precision


def figure(amount: int, currency: str) -> str:
    """An amount in minor units as Vietnamese writes it: `1.500.000 VND`, `12,50 USD`."""
    digits = get_currency_precision(currency)
    whole, part = divmod(amount, 10**digits)
    written = format_decimal(whole, locale="vi")
    return f"{written},{part:0{digits}d} {currency}" if digits else f"{written} {currency}"
