"""The one source of time: aware UTC datetimes."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

MARKET_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def today() -> date:
    """The calendar day in the market's time zone: what a deadline is compared with."""
    return datetime.now(MARKET_ZONE).date()
