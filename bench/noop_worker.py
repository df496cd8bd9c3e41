"""The Celery application with one task more, which does nothing: what settlements are measured against.

celery -A bench.noop_worker worker -Q payments -c 2
"""

from celery_worker import celery

NAME = "payments.nothing"


@celery.task(name=NAME)
def nothing() -> None:
    """Neither a row nor a database: a message in, an acknowledgement out."""
