"""`python -m streams --port 8010`: one stream process, by the settings that the API reads."""

import argparse
import asyncio

from app.logs import configure_logging
from config import settings_or_exit
from streams.application import Application
from streams.limits import Limits
from streams.server import allow_files, serve


def main() -> None:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="python -m streams", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8010)
    arguments = parser.parse_args()
    settings, limits = settings_or_exit(), Limits()
    configure_logging(settings)
    allow_files(limits)
    application = Application(
        database_url=settings.database_url,
        redis_url=settings.redis_url,
        secret=settings.secret_key,
        origins=frozenset(settings.allowed_origins),
        limits=limits,
    )
    asyncio.run(serve(application, arguments.host, arguments.port, limits))


if __name__ == "__main__":
    main()
