"""Loading messages and notifications by the million: a year of conversations between people whom applications brought together.

Everything that hangs on them is there as well: users, companies, postings that closed, applications, counters and read marks, all in the
open transaction. Rows go in by binary COPY, a month at a time.
"""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import psycopg
from sqlalchemy import func, select, text

from app.accounts.models import User
from app.accounts.passwords import hash_password
from app.core.auth import Role
from app.core.clock import now
from app.core.partitions import Month, create
from app.core.time_ids import SEQUENCE_BITS, first_id_of, time_of
from app.demo.binary_copy import copy_rows
from app.demo.chats import MESSAGE_COLUMNS, NOTIFICATION_COLUMNS, Inboxes, Span, Talks, bounds, spread
from app.demo.companies import MAX_COMPANIES, companies
from app.demo.load import PASSWORD, SEED
from app.demo.people import people
from app.extensions import db
from app.jobs.models import Job
from app.messaging.models import Message
from app.notifications.models import Notification

MONTHS = 12
MESSAGES_EACH = 25
TALKS_OF_A_CANDIDATE = 4
APPLICANTS_OF_A_JOB = 20
JOBS_OF_A_COMPANY = 5

Progress = Callable[[Iterable[bytes]], Iterable[bytes]]


@dataclass(frozen=True)
class _Parties:
    """User ids of candidates and recruiters, and the jobs between them: job number n belongs to recruiter number n % recruiters."""

    candidates: Sequence[int]
    recruiters: Sequence[int]
    jobs: Sequence[int]

    def of(self, talk: int) -> tuple[int, int, int]:
        """The candidate, the recruiter and the job of a conversation; a candidate has no job twice."""
        again, candidate = divmod(talk, len(self.candidates))
        job = (candidate * 31 + again) % len(self.jobs)
        return self.candidates[candidate], self.recruiters[job % len(self.recruiters)], self.jobs[job]


def is_quiet() -> bool:
    """Whether nobody has written or been told anything yet."""
    return all(db.session.scalar(select(table.id).limit(1)) is None for table in (Message, Notification))


def load_chats(messages: int, notifications: int, *, progress: Callable[[str, int], Progress]) -> None:
    """Add `messages` and `notifications`, either of which may be 0, to a board that has jobs. `progress(what, number)` wraps the rows."""
    db.session.execute(text("SET LOCAL statement_timeout = 0"))
    first, made = _make_months()
    talks = max(APPLICANTS_OF_A_JOB, messages // MESSAGES_EACH)
    parties = _add_parties(talks)
    low, high = first_id_of(first.start), first_id_of(now()) - (1 << SEQUENCE_BITS)
    if messages:
        table = Talks(_reserve_conversations(talks), array("q", (side for talk in range(talks) for side in parties.of(talk)[:2])))
        spans = _by_month(messages, first, low, high)
        track = progress("messages", messages)
        _copy_months("messages", MESSAGE_COLUMNS, first, spans, lambda span: track(table.rows(span, SEED)), made)
        _add_conversations(table, parties, low)
        _add_applications(table)
    if notifications:
        users = array("q", [*parties.candidates, *parties.recruiters])
        inboxes = Inboxes(users, spread(len(users), low, high))
        spans = _by_month(notifications, first, low, high)
        track = progress("notifications", notifications)
        _copy_months("notifications", NOTIFICATION_COLUMNS, first, spans, lambda span: track(inboxes.rows(span, SEED)), made)
        _copy("inboxes", ("user_id", "unread", "read_up_to"), zip(inboxes.users, inboxes.unread, inboxes.read_up_to, strict=True))
    for name in ("users", "companies", "jobs", "applications", "conversations", "conversation_participants", "messages", "notifications"):
        db.session.execute(text(f"ANALYZE {name}"))


def _make_months() -> tuple[Month, set[str]]:
    first = Month.of(now()).plus(1 - MONTHS)
    return first, {name for table in ("messages", "notifications") for name in create(table, first, MONTHS)}


def _by_month(count: int, first: Month, low: int, high: int) -> list[Span]:
    return bounds(count, low, high, [first_id_of(first.plus(number).start) for number in range(1, MONTHS)])


def _copy_months(
    table: str, columns: Iterable[str], first: Month, spans: Sequence[Span], rows: Callable[[Span], Iterable[bytes]], made: set[str]
) -> None:
    with _cursor() as cursor:
        for number, span in enumerate(spans):
            name = first.plus(number).name(table)
            copy_rows(cursor, name, columns, rows(span), frozen=name in made)


def _add_parties(talks: int) -> _Parties:
    jobs = max(APPLICANTS_OF_A_JOB, talks // APPLICANTS_OF_A_JOB)
    recruiters = max(1, jobs // JOBS_OF_A_COMPANY)
    candidates = max(1, talks // TALKS_OF_A_CANDIDATE)
    ids = _add_people(candidates, recruiters)
    owners = ids[candidates:]
    return _Parties(ids[:candidates], owners, _add_jobs(jobs, _add_companies(owners)))


def _add_people(candidates: int, recruiters: int) -> list[int]:
    """The ids of the new users, the candidates first."""
    password_hash, moment = hash_password(PASSWORD), now()
    columns = ("email", "password_hash", "full_name", "user_type", "is_active", "is_verified", "approved_at", "job_alerts_enabled",
               "job_posting_credits", "has_unlimited_posting")  # fmt: skip
    before = db.session.scalar(select(func.max(User.id))) or 0

    def rows() -> Iterator[tuple[object, ...]]:
        for person in people(SEED + 1, candidates + recruiters):
            is_candidate = person.index < candidates
            role, approved_at = (Role.CANDIDATE, None) if is_candidate else (Role.RECRUITER, moment)
            email = f"{person.email.split('@')[0]}@people.example.com"
            yield email, password_hash, person.full_name, role, True, True, approved_at, False, 0, False

    _copy("users", columns, rows())
    mine = select(User.id).where(User.id > before, User.email.endswith("@people.example.com"))
    return list(db.session.scalars(mine.order_by(User.id)))


def _add_companies(owners: Sequence[int]) -> list[int]:
    """The ids of one company an owner, in their order."""
    seeds = companies(SEED, min(MAX_COMPANIES, 40 + len(owners)))[40:]
    columns = ("owner_id", "name", "website", "description", "industry", "company_size", "location")

    def rows() -> Iterator[tuple[object, ...]]:
        for number, owner in enumerate(owners):
            branch, seed = number // len(seeds), seeds[number % len(seeds)]
            name = f"{seed.name}, chi nhánh {branch + 1}" if branch else seed.name
            yield owner, name, seed.website, seed.description, seed.industry, seed.company_size, seed.location

    _copy("companies", columns, rows())
    found = db.session.execute(text("SELECT owner_id, id FROM companies WHERE owner_id = ANY(:owners)"), {"owners": list(owners)})
    by_owner: dict[int, int] = dict(tuple(row) for row in found)
    return [by_owner[owner] for owner in owners]


def _add_jobs(count: int, company_ids: Sequence[int]) -> list[int]:
    """The ids of postings that have closed, worded as those of the board: what people have talked about is over."""
    before = db.session.scalar(select(func.max(Job.id))) or 0
    db.session.execute(text(_CLOSED_JOBS), {"companies": list(company_ids), "count": count, "months": MONTHS + 1})
    db.session.execute(text("INSERT INTO job_counters (job_id, views) SELECT id, id % 400 FROM jobs WHERE id > :before"), {"before": before})
    return list(db.session.scalars(text("SELECT id FROM jobs WHERE id > :before ORDER BY id"), {"before": before}))


_CLOSED_JOBS = """
WITH board AS (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM (SELECT * FROM jobs ORDER BY id LIMIT 300) AS first),
     size AS (SELECT count(*) AS jobs FROM board)
INSERT INTO jobs (company_id, title, description, requirements, responsibilities, benefits, location, job_type, experience_level, salary_min,
                  salary_max, currency, is_negotiable, is_remote, deadline, status, published_at, created_at, updated_at)
SELECT (CAST(:companies AS bigint[]))[number % cardinality(CAST(:companies AS bigint[])) + 1], title, description, requirements,
       responsibilities, benefits, location, job_type, experience_level, salary_min, salary_max, currency, is_negotiable, is_remote,
       current_date - 1, 'CLOSED', opened, opened, now()
FROM generate_series(0, CAST(:count AS integer) - 1) number CROSS JOIN size JOIN board ON place = number % size.jobs
CROSS JOIN LATERAL (SELECT now() - make_interval(months => CAST(:months AS integer)) AS opened) dates
ORDER BY number
"""


def _reserve_conversations(count: int) -> int:
    """The first of `count` ids that nobody else gets."""
    last = db.session.scalar(text("SELECT nextval(pg_get_serial_sequence('conversations', 'id'))"))
    db.session.execute(text("SELECT setval(pg_get_serial_sequence('conversations', 'id'), :last)"), {"last": int(last) + count})
    return int(last)


def _add_conversations(talks: Talks, parties: _Parties, low: int) -> None:
    def conversations() -> Iterator[tuple[object, ...]]:
        for talk in range(len(talks)):
            *sides, job_id = parties.of(talk)
            opened = time_of(talks.opened[talk] or low)
            yield talks.first_id + talk, min(sides), max(sides), job_id, talks.last[talk] or None, opened

    def participants() -> Iterator[tuple[int, ...]]:
        for talk in range(len(talks)):
            for side, (unread, read_up_to) in enumerate(talks.unread(talk)):
                yield talks.first_id + talk, talks.sides[2 * talk + side], unread, read_up_to, talks.last[talk]

    _copy("conversations", ("id", "low_user_id", "high_user_id", "job_id", "last_message_id", "created_at"), conversations())
    _copy("conversation_participants", ("conversation_id", "user_id", "unread", "read_up_to", "last_message_id"), participants())


def _add_applications(talks: Talks) -> None:
    """What brought them together: an application a conversation, made when it was opened, and counted."""
    own = {"first": talks.first_id, "last": talks.first_id + len(talks) - 1}
    db.session.execute(text(_APPLICATIONS), own)
    db.session.execute(text(_APPLICATION_COUNTERS), own)


_APPLICATIONS = """
WITH made AS (
    INSERT INTO applications (candidate_id, job_id, company_id, cover_letter, applied_at, created_at)
    SELECT CASE company.owner_id WHEN low_user_id THEN high_user_id ELSE low_user_id END, job.id, job.company_id, '', talk.created_at, talk.created_at
    FROM conversations talk JOIN jobs job ON job.id = talk.job_id JOIN companies company ON company.id = job.company_id
    WHERE talk.id BETWEEN :first AND :last
    RETURNING id, candidate_id, applied_at
)
INSERT INTO application_events (application_id, to_status, actor_id, created_at) SELECT id, 'PENDING', candidate_id, applied_at FROM made
"""
_APPLICATION_COUNTERS = """
UPDATE job_counters SET applications = counted.number
FROM (SELECT job_id, count(*) AS number FROM conversations WHERE id BETWEEN :first AND :last GROUP BY job_id) counted
WHERE counted.job_id = job_counters.job_id
"""


def _copy(table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    with _cursor() as cursor, cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def _cursor() -> psycopg.Cursor:
    return cast(psycopg.Cursor, db.session.connection().connection.cursor())
