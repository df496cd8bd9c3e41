"""Measuring how good an order of jobs is, on the demo board and the judged queries; with the two baselines that an engine has to beat.

`pytest tests/search/test_quality.py -s` prints the figures.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean

from elasticsearch import Elasticsearch, helpers
from sqlalchemy import String, and_, func, select

from app.companies.models import Company
from app.core.clock import today
from app.demo import load
from app.demo.catalogue import JobSeed, companies, jobs
from app.extensions import db
from app.jobs import company_jobs
from app.jobs.models import Job
from app.search.engine import EngineQuery
from app.search.finding import find
from tests.search.judgements import Wanted, ndcg, recall, wanted

JOBS = 2000
DEPTH, FIRST = 50, 10

Search = Callable[[str], Sequence[int]]
Board = Mapping[int, JobSeed]

_TEXTS = (Job.title, Company.name, Job.location, Job.description, Job.requirements, Job.responsibilities, Job.benefits)


@dataclass(frozen=True, slots=True)
class Figures:
    """The means over all queries, and of each query its nDCG."""

    ndcg: float
    recall: float
    by_query: Mapping[str, float]


def load_board() -> Board:
    """Load the demo board into an empty database and index it; return the jobs that are open, by id."""
    load.load(JOBS)
    db.session.commit()
    seeds = dict(enumerate(jobs(load.SEED, JOBS, companies(load.SEED), today()), 1))
    open_ids = db.session.scalars(select(Job.id).where(company_jobs.is_taking_applications())).all()
    return {job_id: seeds[job_id] for job_id in open_ids}


def measure(search: Search, board: Board) -> Figures:
    """The figures of a search over all judged queries."""
    rows = {query.text: _judge(query, search(query.text), board) for query in wanted()}
    return Figures(fmean(row[0] for row in rows.values()), fmean(row[1] for row in rows.values()), {text: row[0] for text, row in rows.items()})


def _judge(query: Wanted, ids: Sequence[int], board: Board) -> tuple[float, float]:
    ideal = [query.grade(job) for job in board.values()]
    grades = [query.grade(board[job_id]) for job_id in ids]
    return ndcg(grades, ideal, FIRST), recall(grades, ideal, DEPTH)


def report(figures: Mapping[str, Figures]) -> str:
    """A table of the figures, on lines of its own."""
    rows = [f"{name:<24} {one.ndcg:>8.3f} {one.recall:>10.3f}" for name, one in figures.items()]
    return "\n".join(["", f"{len(wanted())} queries, {JOBS} jobs      nDCG@{FIRST}  recall@{DEPTH}", *rows, ""])


def ours(text: str) -> Sequence[int]:
    """What the search endpoint finds, by the engine that is configured."""
    return find(text, EngineQuery(limit=DEPTH)).hits.ids


def by_ilike(text: str) -> Sequence[int]:
    """The baseline without an index: every word somewhere in the posting, the newest first."""
    whole = func.concat_ws(" ", *_TEXTS, type_=String)
    found = select(Job.id).join(Company, Company.id == Job.company_id).where(company_jobs.is_taking_applications())
    matching = and_(*(whole.ilike(f"%{word}%") for word in text.split()))
    return db.session.scalars(found.where(matching).order_by(Job.created_at.desc(), Job.id.desc()).limit(DEPTH)).all()


@contextmanager
def multi_match(client: Elasticsearch, board: Board, index: str) -> Iterator[Search]:
    """The baseline of a stock index: texts as they are, default mapping, default `multi_match`."""
    names = [text.key for text in _TEXTS]
    rows = db.session.execute(select(Job.id, *_TEXTS).join(Company, Company.id == Job.company_id).where(Job.id.in_(board))).all()
    client.options(ignore_status=404).indices.delete(index=index)
    # Without a mapping, which the first documents make; a node need not make indexes by itself.
    client.indices.create(index=index)
    helpers.bulk(client, ({"_index": index, "_id": row[0], **dict(zip(names, row[1:], strict=True))} for row in rows), refresh=True)

    def search(text: str) -> Sequence[int]:
        answer = client.search(index=index, query={"multi_match": {"query": text, "fields": names}}, size=DEPTH, source=False)
        return [int(hit["_id"]) for hit in answer["hits"]["hits"]]

    try:
        yield search
    finally:
        client.indices.delete(index=index)
