"""The Celery application, for the `celery` command: `celery -A celery_worker worker -Q pdf -c 2`."""

import gc

from celery.signals import worker_before_create_process, worker_process_init

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


@worker_before_create_process.connect
def freeze_objects(**_: object) -> None:
    """Leave what is loaded out of the children's collections, each of which would touch it and so make a copy of all that they share."""
    gc.collect()
    gc.freeze()


@worker_process_init.connect
def forget_inherited_connections(**_: object) -> None:
    """A forked child must not share its parent's database sockets."""
    with flask_app.app_context():
        db.engine.dispose(close=False)
