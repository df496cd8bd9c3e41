"""The one source of time: aware UTC datetimes."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, func
from sqlalchemy.sql.functions import Function

MARKET_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


def now() -> datetime:
    """The current moment, aware, in UTC."""
    return datetime.now(UTC)


def statement_time() -> Function[datetime]:
    """SQL: the database's clock as the statement began, for conditions that an index shall answer.

    `clock_timestamp()` is another moment for each row, so with it the planner can only look at every row.
    """
    return func.statement_timestamp(type_=DateTime(timezone=True))


def today() -> date:
    """The calendar day in the market's time zone: what a deadline is compared with."""
    return datetime.now(MARKET_ZONE).date()
