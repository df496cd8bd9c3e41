"""How often jobs are read and applied to. Counting never waits for a job's row, nor makes a reader wait."""

import threading
from collections import Counter
from collections.abc import Mapping

from flask import Flask
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from app.core.background import Background
from app.core.unit_of_work import after_commit, unit_of_work
from app.extensions import db
from app.jobs import cache
from app.jobs.models import JobCounters

FLUSH_EVERY = 15.0

# In the order of the ids, so that two processes which flush the same jobs do not lock each other out; purged jobs are passed over.
_ADD_VIEWS = text(
    """
    INSERT INTO job_counters (job_id, views)
    SELECT seen.id, seen.views FROM (
        SELECT jobs.id, read.views FROM jobs JOIN unnest(CAST(:ids AS bigint[]), CAST(:views AS bigint[])) AS read (id, views) ON read.id = jobs.id
        ORDER BY jobs.id FOR KEY SHARE OF jobs
    ) AS seen
    ON CONFLICT (job_id) DO UPDATE SET views = job_counters.views + excluded.views
    """
)


class ViewCounter:
    """The views that this process has served and not yet written: at most `FLUSH_EVERY` seconds' worth is lost by a crash."""

    def __init__(self, background: Background) -> None:
        self._background = background
        self._unwritten: Counter[int] = Counter()
        self._unseen: set[int] = set()
        self._lock = threading.Lock()

    def note(self, job_id: int) -> None:
        """Somebody read the job."""
        self._background.ensure_running()
        with self._lock:
            self._unwritten[job_id] += 1

    def flush(self) -> None:
        """Write the views, and let the cached copies show them. What fails is kept for the next turn."""
        with self._lock:
            taken, self._unwritten = self._unwritten, Counter()
        try:
            if taken:
                with unit_of_work():
                    add_views(taken)
        except BaseException:
            with self._lock:
                self._unwritten.update(taken)
            raise
        self._show(set(taken))

    def _show(self, job_ids: set[int]) -> None:
        self._unseen |= job_ids
        if cache.forget_counters(sorted(self._unseen)):
            self._unseen.clear()


def register(app: Flask) -> None:
    """Count views in each serving process of `app`, written by its background thread and when it ends."""
    background = Background.of(app)
    counter = ViewCounter(background)
    app.extensions["job_views"] = counter
    background.every(FLUSH_EVERY, counter.flush, at_exit=True)


def add_views(views: Mapping[int, int]) -> None:
    """Add to the views of each job, in the open transaction."""
    db.session.execute(_ADD_VIEWS, {"ids": list(views.keys()), "views": list(views.values())})


def count_application(job_id: int) -> None:
    """One more application to the job, in the open transaction; its cached copy shows it after the commit."""
    added = insert(JobCounters).values(job_id=job_id, applications=1)
    again = {"applications": JobCounters.applications + 1}
    db.session.execute(added.on_conflict_do_update(index_elements=[JobCounters.job_id], set_=again))
    after_commit(lambda: _forget(job_id))


def _forget(job_id: int) -> None:
    cache.forget_counters([job_id])
