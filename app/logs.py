"""Structured logs: one JSON object a line in production, readable lines elsewhere; errors to Sentry where an address is set."""

import logging
import sys

import sentry_sdk
import structlog

from config import Settings


def configure_logging(settings: Settings) -> None:
    """Set up structlog, and Sentry with `SENTRY_DSN`, for a process. No personal data is sent along."""
    if settings.sentry_dsn:
        sentry_sdk.init(settings.sentry_dsn, environment=settings.environment, send_default_pii=False)
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if settings.is_production else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
