"""A day's job alerts for a hundred thousand subscribers: matching, digests and mails, beside the same work one at a time.

    python -m bench.alerts [subscribers]

A database of its own is made on the server of DATABASE_URL and dropped at the end. The edition is worked off by the tasks' own functions, a
transaction a slice, as a worker does. Mails are written, and sent by SMTP to a server in another process that keeps nothing.
"""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import psycopg
from apiflask import APIFlask
from sqlalchemy import func, select, text

import tasks.base
import tasks.mail
from app import create_app
from app.alerts import digests, editions, matching, wording
from app.alerts.models import AlertEdition, AlertMatch, AlertSearch, EditionState
from app.core.clock import MARKET_ZONE, now
from app.core.outbox import Task
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.logs import configure_logging
from bench.payment_system import named
from config import ROOT, load_settings

SUBSCRIBERS = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
SEARCHES, OPENED, ONE_BY_ONE, MAILS = 500, 1_000, 500, 500
# The local time that the edition takes it for: seven in the morning of tomorrow.
MORNING = datetime.combine(now().astimezone(MARKET_ZONE).date() + timedelta(days=1), editions.MATCH_FROM, MARKET_ZONE)

FILL = """
INSERT INTO users (email, password_hash, full_name, user_type, is_active, is_verified, job_alerts_enabled, job_posting_credits, has_unlimited_posting)
SELECT 'subscriber' || n || '@example.com', 'x', 'Nguyễn Thị Phương Thảo', 'CANDIDATE', true, true, true, 0, false FROM generate_series(1, :people) n;
INSERT INTO job_alerts (user_id, search_id, query, filters, frequency, since)
SELECT u.id, s.id, '', '{}', 'DAILY', :since
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM users WHERE email LIKE 'subscriber%') u
CROSS JOIN generate_series(0, 1) twice
JOIN (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM alert_searches) s ON s.n = (u.n * 7 + twice * 911) % :searches;
UPDATE jobs SET published_at = :opened WHERE id IN (SELECT id FROM jobs WHERE status = 'OPEN' AND deleted_at IS NULL ORDER BY id LIMIT :jobs);
DELETE FROM tasks;
"""


def fill() -> None:
    """Demo jobs of which some are new, distinct searches of a title's words and a place, and people with two of them each."""
    with unit_of_work():
        titles = db.session.execute(text("SELECT DISTINCT title, location FROM jobs WHERE status = 'OPEN' ORDER BY 1, 2")).all()
        seen: dict[str, dict[str, str]] = {}
        for title, location in titles:
            words = title.split()
            for query, place in ((" ".join(words[:2]), location), (" ".join(words[:3]), ""), (words[0], location), (title, location)):
                criteria = wording.canonical(query, {"location": place} if place else {})
                seen.setdefault(wording.fingerprint(criteria), criteria)
        chosen = list(seen.items())[:SEARCHES]
        yesterday = MORNING - timedelta(days=1)
        rows = [{"fingerprint": mark, "criteria": criteria, "matched_until": yesterday} for mark, criteria in chosen]
        db.session.execute(AlertSearch.__table__.insert(), rows)  # type: ignore[attr-defined]
        values = {"people": SUBSCRIBERS, "since": yesterday, "searches": len(chosen), "opened": MORNING - timedelta(hours=3), "jobs": OPENED}
        for statement in filter(str.strip, FILL.split(";\n")):
            db.session.execute(text(statement), values)
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def work(day: str, step: Callable[[AlertEdition], bool], *, most: int = 10**9) -> float:
    """Seconds for `most` slices, or all."""
    began = time.perf_counter()
    for _ in range(most):
        with unit_of_work():
            went_on = step(editions.lock(day))
        db.session.remove()
        if not went_on:
            break
    return time.perf_counter() - began


def one_by_one(day: str) -> float:
    """Digests a second when each person is a slice, of the same people and undone at the end."""
    digests.PEOPLE_AT_A_TIME, whole = 1, digests.PEOPLE_AT_A_TIME
    edition = editions.lock(day)
    began = time.perf_counter()
    for _ in range(ONE_BY_ONE):
        digests.digest_slice(edition)
        db.session.flush()
    rate = edition.digests / (time.perf_counter() - began)
    db.session.rollback()
    digests.PEOPLE_AT_A_TIME = whole
    return rate


def send(app: APIFlask, sink: str) -> float:
    """Mails a second of one worker process, from the claim to the commit."""
    app.config["SMTP_URL"] = sink
    tasks.base.flask_app = app
    with app.app_context():
        ids = db.session.scalars(select(Task.id).where(Task.name == "mail.job_digest").limit(MAILS)).all()
    began = time.perf_counter()
    for task_id in ids:
        tasks.mail.job_digest(task_id)
    return len(ids) / (time.perf_counter() - began)


def memory() -> str:
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB"


def measure(app: APIFlask) -> None:
    """Print the figures of one edition."""
    with app.app_context():
        fill()
        with unit_of_work():
            day = editions.begin_due(MORNING)
        assert day is not None
        db.session.remove()
        print(f"{SUBSCRIBERS:,} subscribers, two alerts each, {OPENED:,} jobs opened; {memory()} before")
        seconds = work(day.isoformat(), matching.match_slice)
        matches = db.session.scalar(select(func.count()).select_from(AlertMatch))
        edition = editions.lock(day.isoformat())
        assert edition.state == EditionState.DIGESTING
        rate = edition.searches_done / seconds
        print(f"matching: {edition.searches_done:,} searches in {seconds:.1f} s, {rate:.0f}/s; {matches:,} matches; {memory()}")
        alone = one_by_one(day.isoformat())
        seconds = work(day.isoformat(), digests.digest_slice)
        edition = editions.lock(day.isoformat())
        rate = edition.digests / seconds
        print(
            f"digests: {edition.digests:,} of {edition.people:,} people in {seconds:.1f} s, {rate:.0f}/s, {edition.jobs_sent:,} rows of jobs sent, "
            f"{edition.jobs_sent / seconds:.0f}/s; one by one {alone:.0f}/s, ratio {rate / alone:.1f}; {memory()}"
        )
        db.session.remove()


SINK = """
from aiosmtpd.controller import Controller
class Sink:
    async def handle_DATA(self, server, session, envelope):
        return "250 gone"
controller = Controller(Sink(), hostname="127.0.0.1", port={port})
controller.start()
print("ready", flush=True)
import signal; signal.pause()
"""


def main() -> None:
    """Make the database, measure, and drop it."""
    url = named(os.environ["DATABASE_URL"], "bench_alerts")
    with psycopg.connect(named(url, "postgres"), autocommit=True) as connection:
        connection.execute('DROP DATABASE IF EXISTS "bench_alerts" WITH (FORCE)')
        connection.execute('CREATE DATABASE "bench_alerts"')
    flask, environment = [sys.executable, "-m", "flask", "--app", "wsgi"], {**os.environ, "DATABASE_URL": url}
    port = 28025
    sink = subprocess.Popen([sys.executable, "-c", SINK.format(port=port)], stdout=subprocess.PIPE)
    try:
        for command in (["db", "upgrade"], ["demo", "load", "--jobs", "5000"]):
            subprocess.run([*flask, *command], cwd=ROOT, env=environment, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        settings = load_settings(database_url=url, log_level="ERROR")
        configure_logging(settings)
        app = create_app(settings)
        measure(app)
        assert sink.stdout is not None and sink.stdout.readline() == b"ready\n"
        print(f"mails: {send(app, f'smtp://127.0.0.1:{port}'):.0f}/s by one process, at most {digests.LISTED} jobs each; {memory()}")
    finally:
        sink.terminate()
        with psycopg.connect(named(url, "postgres"), autocommit=True) as connection:
            connection.execute('DROP DATABASE IF EXISTS "bench_alerts" WITH (FORCE)')


if __name__ == "__main__":
    main()
