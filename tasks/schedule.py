"""What beat starts, and when. Seconds, or crontab in UTC."""

from typing import Any

from celery.schedules import crontab

# A message that no worker has taken within its seconds is dropped, so that they do not pile up. Workers judge that by their own clocks, and one
# whose clock is ahead would drop every sweep: what a clock may be wrong by is added.
CLOCK_TOLERANCE = 900.0

_PLANNED: dict[str, dict[str, Any]] = {
    "sweep tasks": {"task": "maintenance.sweep_tasks", "schedule": 5.0, "options": {"expires": 5}},
    "purge finished tasks": {"task": "maintenance.purge_tasks", "schedule": 3600.0, "options": {"expires": 3600}},
    "purge sign-ins": {"task": "maintenance.purge_sessions", "schedule": 3600.0, "options": {"expires": 3600}},
    "purge idempotency keys": {"task": "maintenance.purge_idempotency_keys", "schedule": 3600.0, "options": {"expires": 3600}},
    "make partitions": {"task": "maintenance.make_partitions", "schedule": crontab(hour=18, minute=10), "options": {"expires": 3600}},
    "retire partitions": {"task": "maintenance.retire_partitions", "schedule": 300.0, "options": {"expires": 300}},
    "ask gateways": {"task": "gateway.reconcile", "schedule": 300.0, "options": {"expires": 300}},
    "expire payments": {"task": "maintenance.expire_payments", "schedule": 60.0, "options": {"expires": 60}},
    "end memberships": {"task": "maintenance.end_memberships", "schedule": crontab(hour=17, minute=5), "options": {"expires": 3600}},
    "close the month": {"task": "maintenance.close_month", "schedule": crontab(hour=18, minute=30), "options": {"expires": 3600}},
    "purge forged gateway calls": {"task": "maintenance.purge_gateway_events", "schedule": crontab(hour=19, minute=0), "options": {"expires": 3600}},
    "check the ledger": {"task": "maintenance.check_ledger", "schedule": crontab(hour=19, minute=30), "options": {"expires": 3600}},
    "check the search indexes": {"task": "maintenance.check_search", "schedule": crontab(hour=20, minute=30), "options": {"expires": 3600}},
    "purge PDFs": {"task": "maintenance.purge_pdfs", "schedule": 3600.0, "options": {"expires": 3600}},
    "purge exports of CVs": {"task": "maintenance.purge_cv_exports", "schedule": 900.0, "options": {"expires": 900}},
    "begin job alerts": {"task": "alerts.begin", "schedule": 120.0, "options": {"expires": 120}},
    "purge job alerts": {"task": "alerts.purge", "schedule": crontab(hour=20, minute=0), "options": {"expires": 3600}},
    "purge events": {"task": "maintenance.purge_events", "schedule": 600.0, "options": {"expires": 600}},
    "refresh suggestions": {"task": "maintenance.refresh_suggestions", "schedule": 300.0, "options": {"expires": 300}},
    "purge files": {"task": "maintenance.purge_files", "schedule": 3600.0, "options": {"expires": 3600}},
}

BEAT_SCHEDULE = {name: {**planned, "options": {"expires": planned["options"]["expires"] + CLOCK_TOLERANCE}} for name, planned in _PLANNED.items()}
