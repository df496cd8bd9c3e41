"""What beat starts, and when. Seconds, or crontab in UTC."""

from typing import Any

BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "sweep tasks": {"task": "maintenance.sweep_tasks", "schedule": 5.0, "options": {"expires": 5}},
    "purge finished tasks": {"task": "maintenance.purge_tasks", "schedule": 3600.0, "options": {"expires": 3600}},
    "purge sign-ins": {"task": "maintenance.purge_sessions", "schedule": 3600.0, "options": {"expires": 3600}},
}
