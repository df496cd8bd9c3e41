"""Two connections that meet at a lock."""

from app.extensions import db

_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def await_waiting_lock() -> None:
    """Return when another connection waits for a lock of ours; fails after ten seconds."""
    with db.engine.connect() as watcher:
        for _ in range(1000):
            if watcher.exec_driver_sql(_WAITING).scalar_one():
                return
            watcher.rollback()
            watcher.exec_driver_sql("SELECT pg_sleep(0.01)")
    raise AssertionError("nobody waits")
