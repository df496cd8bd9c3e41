"""A day's edition: what is matched, who is told of what, and never twice."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from sqlalchemy import text

from app.accounts.models import User
from app.alerts import digests, editions, matching
from app.alerts.models import AlertDigest, AlertMatch, AlertSearch, AlertSent, Frequency, JobAlert
from app.core.outbox import enqueue
from app.extensions import db
from app.jobs.models import Job, JobStatus
from app.notifications import preferences
from app.notifications.models import NotificationType
from app.notifications.preferences import Channel
from app.search import choice
from app.search.engine import EngineQuery
from app.search.postgres import PostgresEngine
from tests.alerts.conftest import DAY, MORNING, listed, mailed, run_edition
from tests.factories import CandidateFactory

Subscribe = Callable[..., User]
Opened = Callable[..., Job]


def test_a_person_hears_of_each_new_job_once_in_one_mail(subscribe: Subscribe, opened: Opened) -> None:
    both = subscribe("kế toán", "Đà Nẵng")
    other = subscribe("kiểm toán")
    first = opened("Kế toán trưởng", ago=timedelta(hours=6), location="Đà Nẵng")
    second = opened("Kế toán thuế", location="Hà Nội")
    opened("Lái xe", location="Hà Nội")

    edition = run_edition()

    assert listed(both) == [second.id, first.id]
    assert mailed() == [{"user_id": both.id, "day": DAY}]
    assert db.session.get_one(AlertDigest, (both.id, edition.day)).found == 2
    assert (edition.state, edition.searches_done, edition.matches, edition.people_done, edition.digests, edition.jobs_sent) == ("DONE", 3, 3, 2, 1, 2)
    assert listed(other) == []


def test_each_distinct_search_asks_the_engine_once(subscribe: Subscribe, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    people = [subscribe(query) for query in ("kế toán", "Kế  Toán", "KẾ TOÁN", "lái xe")]
    job = opened("Kế toán")
    asked: list[EngineQuery] = []
    engine = PostgresEngine()

    def counting(query: EngineQuery) -> Any:
        asked.append(query)
        return PostgresEngine().search(query)

    monkeypatch.setattr(engine, "search", counting)
    monkeypatch.setattr(matching, "POSTGRES", engine)
    run_edition()

    assert [query.among_ids for query in asked] == [(job.id,)] * 2
    assert [listed(person) for person in people] == [[job.id]] * 3 + [[]]


def test_filters_narrow_as_on_the_board(subscribe: Subscribe, opened: Opened) -> None:
    person = subscribe("kế toán", location="da nang", salary_min=30_000_000, job_type=["FULL_TIME"])
    fits = opened("Kế toán", location="Đà Nẵng", salary_max=35_000_000)
    opened("Kế toán", location="Huế", salary_max=35_000_000)
    opened("Kế toán", location="Đà Nẵng", salary_max=20_000_000)
    opened("Kế toán", location="Đà Nẵng", salary_max=35_000_000, job_type="PART_TIME")

    run_edition()

    assert listed(person) == [fits.id]


def test_the_next_day_brings_only_what_was_opened_since(subscribe: Subscribe, opened: Opened) -> None:
    person = subscribe("kế toán")
    opened("Kế toán cũ", ago=timedelta(days=3))
    first = opened("Kế toán một")
    run_edition()
    second = opened("Kế toán hai", ago=timedelta(hours=-5))

    run_edition(MORNING + timedelta(days=1))

    assert (listed(person), listed(person, "2027-03-11")) == ([first.id], [second.id])


def test_each_search_looks_at_what_was_opened_since_its_own_last_run(subscribe: Subscribe, opened: Opened) -> None:
    subscribe("kế toán", "trưởng phòng")
    later = db.session.query(AlertSearch).filter_by(criteria={"q": "trưởng phòng"}).one()
    later.matched_until = MORNING - timedelta(hours=1)
    db.session.flush()
    job = opened("Kế toán, trưởng phòng")

    run_edition()

    [match] = db.session.query(AlertMatch)
    assert match.job_id == job.id and match.search_id != later.id
    assert {moment for (moment,) in db.session.query(AlertSearch.matched_until)} == {MORNING - editions.INDEX_MARGIN}


def test_what_is_just_being_indexed_waits_for_the_next_day(subscribe: Subscribe, opened: Opened) -> None:
    person = subscribe("kế toán")
    opened("Kế toán xưa")
    late = opened("Kế toán muộn", ago=timedelta(minutes=5))
    run_edition()

    run_edition(MORNING + timedelta(days=1))

    assert listed(person, "2027-03-11") == [late.id]


def test_a_job_that_a_daily_and_a_weekly_alert_find_comes_once(subscribe: Subscribe, opened: Opened) -> None:
    person = subscribe("kế toán")
    subscribe("trưởng phòng", user=person, frequency=Frequency.WEEKLY)
    # The week's round is held before the job is opened, so that the next one looks at it again.
    run_edition(MORNING - timedelta(days=1))
    job = opened("Kế toán, trưởng phòng")
    run_edition()

    monday = run_edition(MORNING + timedelta(days=5))

    assert monday.weekly_after == (MORNING - timedelta(days=1)).date()
    assert db.session.query(AlertMatch).filter_by(job_id=job.id).count() == 2
    assert (listed(person), listed(person, "2027-03-15")) == ([job.id], [])
    assert mailed() == [{"user_id": person.id, "day": DAY}]


def test_weekly_alerts_come_on_monday_with_the_whole_week(subscribe: Subscribe, opened: Opened) -> None:
    # The week's round is over: it was held on Monday.
    daily = subscribe("kế toán")
    opened("Kế toán đầu tuần", ago=timedelta(days=1, hours=20))
    run_edition(MORNING - timedelta(days=1))
    weekly = subscribe("kế toán", frequency=Frequency.WEEKLY)
    wednesday = opened("Kế toán thứ tư")
    midweek = run_edition()
    saturday = opened("Kế toán thứ bảy", ago=timedelta(days=-3))

    monday = run_edition(MORNING + timedelta(days=5))

    assert (midweek.weekly_after, monday.weekly_after) == (None, (MORNING - timedelta(days=1)).date())
    assert (listed(weekly), listed(daily)) == ([], [wednesday.id])
    assert listed(weekly, "2027-03-15") == [saturday.id, wednesday.id]


@pytest.mark.parametrize(
    "change",
    [
        {"job_alerts_enabled": False},
        {"is_active": False},
    ],
)
def test_whoever_is_away_or_has_it_off_is_not_told(subscribe: Subscribe, opened: Opened, change: dict[str, bool]) -> None:
    person, other = subscribe("kế toán"), subscribe("kế toán")
    opened("Kế toán")
    for name, value in change.items():
        setattr(person, name, value)
    db.session.flush()

    run_edition()

    assert [task["user_id"] for task in mailed()] == [other.id]
    assert listed(person) == []


def test_a_resting_alert_is_not_run(subscribe: Subscribe, opened: Opened) -> None:
    subscribe("kế toán")
    resting = subscribe("lái xe", frequency=Frequency.OFF)
    opened("Lái xe")

    edition = run_edition()

    assert (edition.searches, edition.searches_done, listed(resting)) == (1, 1, [])


def test_preferences_choose_between_mail_and_notification(subscribe: Subscribe, opened: Opened) -> None:
    person = subscribe("kế toán")
    preferences.set_preferences(person.id, {NotificationType.JOB_MATCH: {Channel.DIGEST: False}})
    job = opened("Kế toán")

    run_edition()

    assert (mailed(), listed(person)) == ([], [job.id])


def test_a_long_list_is_cut_and_counted(subscribe: Subscribe, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "LISTED", 2)
    monkeypatch.setattr(matching, "JOBS_AT_A_TIME", 2)
    person = subscribe("kế toán")
    jobs = [opened(f"Kế toán {number}", ago=timedelta(hours=9 - number)) for number in range(5)]

    edition = run_edition()

    assert listed(person) == [jobs[4].id, jobs[3].id]
    assert db.session.get_one(AlertDigest, (person.id, edition.day)).found == 5
    assert edition.jobs_sent == 2


def test_a_search_that_cannot_be_read_any_more_does_not_stop_the_others(subscribe: Subscribe, opened: Opened) -> None:
    subscribe("hỏng")
    person = subscribe("kế toán")
    db.session.query(AlertSearch).order_by(AlertSearch.id).first().criteria = {"q": "hỏng", "job_type": ["GONE"]}
    job = opened("Kế toán")

    edition = run_edition()

    assert (edition.searches_done, listed(person)) == (2, [job.id])


def test_a_job_that_was_closed_again_is_no_news(subscribe: Subscribe, opened: Opened) -> None:
    subscribe("kế toán")
    opened("Kế toán").status = JobStatus.CLOSED

    run_edition()

    assert db.session.query(AlertMatch).count() == 0


@pytest.mark.parametrize(
    ("moment", "begins"),
    [
        (datetime(2027, 3, 9, 23, 59, tzinfo=UTC), False),
        (datetime(2027, 3, 10, 0, 0, tzinfo=UTC), True),
        (datetime(2027, 3, 10, 13, 59, tzinfo=UTC), True),
        (datetime(2027, 3, 10, 14, 0, tzinfo=UTC), False),
    ],
    ids=["06:59", "07:00", "20:59", "21:00"],
)
def test_an_edition_begins_in_the_morning_or_later_that_day(subscribe: Subscribe, moment: datetime, begins: bool) -> None:
    subscribe("kế toán")

    begun = [editions.begin_due(moment), editions.begin_due(moment)]

    assert [day is not None for day in begun] == [begins, False]


def test_mails_wait_for_eight_oclock(subscribe: Subscribe) -> None:
    subscribe("kế toán")
    edition = run_edition()

    assert editions.until_mails(edition, MORNING) == timedelta(minutes=55)
    assert editions.until_mails(edition, MORNING + timedelta(hours=3)) == timedelta()


def test_an_edition_waits_for_the_index(subscribe: Subscribe) -> None:
    subscribe("kế toán")
    task_id = enqueue("search.index_job", {"job_id": 1})
    db.session.execute(text("UPDATE tasks SET created_at = :long_ago WHERE id = :id"), {"long_ago": MORNING - timedelta(minutes=11), "id": task_id})

    behind = editions.begin_due(MORNING)
    db.session.execute(text("UPDATE tasks SET state = 'DONE' WHERE id = :id"), {"id": task_id})

    assert behind is None
    assert editions.begin_due(MORNING) is not None


def test_alerts_need_no_elasticsearch(app: APIFlask, subscribe: Subscribe, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "ELASTICSEARCH_URL", "http://127.0.0.1:9")
    person = subscribe("kế toán")
    found = opened("Kế toán trưởng")
    task_id = enqueue("search.index_elastic", {"job_id": found.id})
    db.session.execute(text("UPDATE tasks SET created_at = :long_ago WHERE id = :id"), {"long_ago": MORNING - timedelta(hours=1), "id": task_id})

    run_edition()

    assert listed(person) == [found.id]
    assert choice.breaker().is_closed


def test_without_alerts_there_is_no_edition(app: APIFlask) -> None:
    CandidateFactory(job_alerts_enabled=True)

    assert editions.begin_due(MORNING) is None


def test_old_marks_go_and_living_searches_stay(subscribe: Subscribe, opened: Opened) -> None:
    person = subscribe("kế toán", "lái xe")
    opened("Kế toán")
    run_edition()
    db.session.query(JobAlert).filter_by(query="lái xe").delete()

    kept = editions.purge(MORNING + timedelta(days=21))
    gone = editions.purge(MORNING + timedelta(days=22))
    marks = db.session.query(AlertSent).filter_by(user_id=person.id).count()
    editions.purge(MORNING + timedelta(days=91))

    assert (kept, gone, marks) == (0, 1, 1)
    assert [db.session.query(kind).count() for kind in (AlertMatch, AlertSent, AlertDigest)] == [0, 0, 0]
    assert [search.criteria for search in db.session.query(AlertSearch)] == [{"q": "kế toán"}]
