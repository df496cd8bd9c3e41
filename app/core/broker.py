"""The Celery settings, the queues and the routing: one list that workers, the relay and the tests share.

Reasons for each setting are in docs/durable-tasks.md. The request layer never uses this module's connection.
"""

from celery import Celery
from kombu import Queue

from config import Settings

QUEUES = ("pdf", "search", "payments", "default", "maintenance")

# The first part of a task's name picks its queue.
QUEUE_OF_PREFIX = {
    "pdf": "pdf",
    "search": "search",
    "payments": "payments",
    "gateway": "default",
    "mail": "default",
    "notifications": "default",
    "alerts": "default",
    "receipts": "default",
    "maintenance": "maintenance",
}

# The longest hard time limit of any task, in seconds: the visibility timeout must be well beyond it.
LONGEST_TIME_LIMIT = 300


def queue_of(task_name: str) -> str:
    """The queue that carries `task_name`. Raises KeyError for a prefix that is not declared."""
    return QUEUE_OF_PREFIX[task_name.split(".", 1)[0]]


def make_celery(settings: Settings) -> Celery:
    """A Celery application that speaks to the state Redis; tasks are registered by `celery_worker`."""
    celery = Celery("jobboard", broker=settings.redis_url)
    celery.conf.update(
        task_queues=[Queue(name) for name in QUEUES],
        task_routes={f"{prefix}.*": {"queue": queue} for prefix, queue in QUEUE_OF_PREFIX.items()},
        task_default_queue="default",
        task_create_missing_queues=False,
        task_ignore_result=True,
        task_acks_late=True,
        task_reject_on_worker_lost=False,
        task_publish_retry=False,
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_disable_prefetch=True,
        worker_cancel_long_running_tasks_on_connection_loss=True,
        worker_soft_shutdown_timeout=8,
        worker_enable_soft_shutdown_on_idle=False,
        worker_hijack_root_logger=False,
        worker_send_task_events=True,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        broker_transport_options={
            "visibility_timeout": 3 * LONGEST_TIME_LIMIT,
            "unacked_restore_throttle": 1,
            "socket_timeout": 5,
            "socket_connect_timeout": 2,
            "socket_keepalive": True,
        },
    )
    return celery
