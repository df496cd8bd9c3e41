"""The Celery application, for the `celery` command: `celery -A celery_worker worker -Q pdf -c 2`."""

from celery.signals import worker_process_init

import tasks.alerts  # importing a module registers its tasks
import tasks.exports
import tasks.gateways
import tasks.mail
import tasks.maintenance
import tasks.notifications
import tasks.payments
import tasks.pdf
import tasks.previews
import tasks.receipts
import tasks.search  # noqa: F401
from app.extensions import db
from app.logs import configure_logging
from tasks.base import celery, flask_app, settings
from tasks.schedule import BEAT_SCHEDULE

celery.conf.beat_schedule = BEAT_SCHEDULE
configure_logging(settings)


@worker_process_init.connect
def forget_inherited_connections(**_: object) -> None:
    """A forked child must not share its parent's database sockets."""
    with flask_app.app_context():
        db.engine.dispose(close=False)
