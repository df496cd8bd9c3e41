"""Amounts of money in figures, as Vietnamese writes them."""

from babel.numbers import format_decimal, get_currency_precision


def digits(amount: int, currency: str) -> str:
    """An amount in minor units without its currency: `1.500.000` of VND, `12,50` of USD."""
    precision = get_currency_precision(currency)
    whole, part = divmod(amount, 10**precision)
    written = format_decimal(whole, locale="vi")
    return f"{written},{part:0{precision}d}" if precision else str(written)


def figure(amount: int, currency: str) -> str:
    """An amount in minor units with its currency: `1.500.000 VND`, `12,50 USD`."""
    return f"{digits(amount, currency)} {currency}"
