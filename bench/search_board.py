"""A large demo board that is loaded once and kept: a database beside that of DATABASE_URL, and an index on the node of ELASTICSEARCH_URL."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text

from app import create_app
from app.core.clock import now
from app.core.unit_of_work import unit_of_work
from app.demo import load
from app.extensions import db
from app.jobs.models import Currency, ExperienceLevel, JobType
from app.search import choice, rebuilding, suggestion_upkeep
from app.search.criteria import Filters, read_place
from app.search.elastic import indices
from app.search.engine import EngineQuery
from bench.payment_system import named
from config import load_settings
from tests.search.judgements import wanted

PATIENCE_MS = 10_000
"""A comparison of engines must not be answered by the other one."""

PHRASES = (
    '"nhân viên kinh doanh"',
    '"chăm sóc khách hàng"',
    '"ưu tiên ứng viên"',
    '"bảo hiểm xã hội"',
    '"môi trường làm việc"',
    '"kỹ năng giao tiếp"',
)
COMMON = ("nhân viên", "kinh doanh", "làm việc", "kinh nghiệm", "nhân viên -kinh", "-nhân")


@contextmanager
def kept_board(jobs: int) -> Iterator[Flask]:
    """An application on the board with so many jobs, made when it is not there yet, which takes some minutes."""
    name = f"bench_search_{jobs}"
    base = os.environ["DATABASE_URL"]
    with psycopg.connect(named(base, "postgres"), autocommit=True) as connection:
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone():
            connection.execute(f'CREATE DATABASE "{name}"')
    os.environ.setdefault("ELASTICSEARCH_INDEX", f"bench-search-{jobs}")
    os.environ |= {"DATABASE_URL": named(base, name), "ELASTICSEARCH_TIMEOUT_MS": str(PATIENCE_MS), "LOG_LEVEL": "WARNING", "DEFAULT_RATE": ""}
    app = create_app(load_settings())
    with app.app_context():
        upgrade()
        if load.is_empty():
            with unit_of_work():
                load.load(jobs)
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text("VACUUM ANALYZE"))
        db.session.rollback()
        if indices.live() is None:
            rebuilding.rebuild_index(choice.ELASTIC, lambda number: None)
            suggestion_upkeep.refresh()
            db.session.commit()
        yield app
        db.session.remove()
        db.engine.dispose()


def texts() -> list[str]:
    """The judged queries."""
    return [query.text for query in wanted()]


def searches() -> list[tuple[str, EngineQuery]]:
    """What is compared: judged queries, common words and phrases, and both under the filters that people combine."""
    narrowed = (
        Filters(place=read_place("hà nội")),
        Filters(job_types=(JobType.FULL_TIME,), experience_levels=(ExperienceLevel.JUNIOR, ExperienceLevel.MIDDLE), place=read_place("hcm")),
        Filters(salary_min=20_000_000, currency=Currency.VND, posted_after=now() - timedelta(days=7)),
        Filters(is_remote=True),
    )
    plain = [(text, EngineQuery(with_facets=True)) for text in (*texts(), *COMMON, *PHRASES)]
    filtered = [
        (text, EngineQuery(with_facets=True, filters=filters))
        for text in ("kế toán", "developer", "nhân viên", "sales", "java")
        for filters in narrowed
    ]
    sorted_ones = [
        (text, EngineQuery(with_facets=True, ordering=order)) for text in ("nhân viên", "java") for order in ("-created_at", "-salary_max")
    ]
    return plain + filtered + sorted_ones + [("", EngineQuery(with_facets=True, filters=filters)) for filters in narrowed]
