"""The WSGI application, for any server: `granian --interface wsgi wsgi:app`."""

from app import create_app
from app.logs import configure_logging
from config import settings_or_exit

settings = settings_or_exit()
configure_logging(settings)
app = create_app(settings)
