"""The WSGI application, for any server: `granian --interface wsgi wsgi:app`."""

from app import create_app
from app.logs import configure_logging
from config import load_settings

settings = load_settings()
configure_logging(settings)
app = create_app(settings)
