"""The index in PostgreSQL: versions, tombstones, the bulk load, and what its vectors say."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from hypothesis import given
from sqlalchemy import delete, select
from sqlalchemy import text as sql

from app.extensions import db
from app.jobs.models import Job, JobStatus
from app.search import choice, documents, service
from app.search.conditions import sorting
from app.search.documents import FINAL_VERSION, Document, Tombstone
from app.search.engine import Stored
from app.search.models import SearchDocument, SearchWord
from app.search.text import index_text
from app.search.tsvector import MAX_POSITION, Field, render
from tests.factories import JobFactory
from tests.search.board import index, listed, post, search, titles
from tests.search.strategies import written_text


def document_of(job: Job) -> Document:
    (entry,) = documents.read([job.id])
    assert isinstance(entry, Document)
    return entry


def stored() -> list[tuple[int, bool]]:
    return [(copy.version, copy.is_deleted) for copy in choice.POSTGRES.stored(after=0, limit=100)]


def test_a_write_that_is_older_than_what_is_stored_is_refused(client: FlaskClient) -> None:
    job = post("Bản mới", version=7)
    old = replace(document_of(job), version=6, title=index_text("Bản cũ"))

    written = choice.POSTGRES.store([old])
    db.session.commit()

    assert written == 0
    assert stored() == [(7, False)]
    assert titles(search(client, q="bản mới")) == ["Bản mới"]


def test_a_late_update_does_not_bring_a_deleted_job_back(app: APIFlask) -> None:
    job = post("Thợ hàn", version=3)
    late = document_of(job)
    engine = choice.POSTGRES

    deleted = engine.store([Tombstone(job.id, 4)])
    written = engine.store([late])

    assert (deleted, written) == (1, 0)
    assert stored() == [(4, True)]


def test_a_late_deletion_does_not_remove_a_restored_job(app: APIFlask) -> None:
    job = post("Thợ hàn", version=5)

    assert choice.POSTGRES.store([Tombstone(job.id, 4)]) == 0
    assert stored() == [(5, False)]


def test_the_same_version_is_written_again(app: APIFlask) -> None:
    job = post("Thợ hàn")

    assert index(job) == 1
    assert stored() == [(1, False)]


def test_a_tombstone_keeps_nothing_but_the_version(app: APIFlask) -> None:
    job = post("Thợ hàn")
    job.status, job.version = JobStatus.CLOSED, 2

    index(job)

    row = db.session.get_one(SearchDocument, job.id)
    kept = {column.name: value for column in SearchDocument.__table__.columns if (value := getattr(row, column.name)) is not None}
    assert kept == {"job_id": job.id, "version": 2, "is_deleted": True}


def test_a_purged_job_is_gone_for_good(app: APIFlask) -> None:
    job = post("Thợ hàn")
    late = document_of(job)
    db.session.execute(delete(Job).where(Job.id == job.id))

    service.reindex([job.id])

    assert stored() == [(FINAL_VERSION, True)]
    assert choice.POSTGRES.store([replace(late, version=10**9)]) == 0


def test_a_batch_is_written_by_one_statement_whatever_the_order(app: APIFlask, count_queries: Callable[[], object]) -> None:
    jobs = [JobFactory(title=f"Thợ hàn {number}") for number in range(20)]
    index(*jobs[:5])

    assert index(*reversed(jobs), jobs[0]) == 20
    assert len(stored()) == 20


def test_the_bulk_load_equals_indexing_one_by_one(app: APIFlask) -> None:
    jobs = [post(f"Kỹ sư C++ {number}", is_remote=number % 2 == 0) for number in range(5)]
    jobs[0].deleted_at, jobs[0].version = jobs[0].created_at, 2
    index(jobs[0])
    JobFactory(title="Thợ mộc", status=JobStatus.DRAFT)
    columns = [column for column in SearchDocument.__table__.columns if column.name != "job_id"]
    words = select(SearchWord.word, SearchWord.variants).order_by(SearchWord.word)
    one_by_one = db.session.execute(select(*columns).order_by(SearchDocument.job_id)).all()
    learned = [(word, set(variants)) for word, variants in db.session.execute(words)]

    number = service.rebuild_in_transaction()

    found = db.session.execute(select(*columns).order_by(SearchDocument.job_id)).all()
    assert number == 6
    assert found[:5] == one_by_one
    assert found[5].is_deleted
    assert [(word, set(variants)) for word, variants in db.session.execute(words)] == learned


def test_the_bulk_load_serves_in_the_same_transaction_and_keeps_its_indexes(app: APIFlask) -> None:
    JobFactory(title="Thợ hàn")
    indexes = sql("SELECT indexdef FROM pg_indexes WHERE tablename = 'search_documents' ORDER BY 1")
    before = db.session.scalars(indexes).all()

    service.rebuild_in_transaction()

    assert db.session.scalars(indexes).all() == before
    assert choice.POSTGRES.stored(after=0, limit=9) == [Stored(db.session.scalars(select(Job.id)).one(), 1, False)]


def test_without_any_job_there_is_nothing_to_load(app: APIFlask) -> None:
    assert service.rebuild_in_transaction() == 0


def test_remote_work_and_the_kind_of_job_are_found_by_their_names(client: FlaskClient) -> None:
    post("Thợ hàn", is_remote=True, job_type="PART_TIME", experience_level="SENIOR")
    post("Thợ mộc")

    for text in ("làm việc từ xa", "part-time", "bán thời gian", "senior"):
        assert listed(client, q=text) == ["Thợ hàn"], text


def test_what_is_beyond_postgresqls_positions_is_still_found(client: FlaskClient) -> None:
    post("Thợ hàn", description="chữ " * (MAX_POSITION + 100) + "cuối cùng")

    assert listed(client, q="cuối") == ["Thợ hàn"]


@given(written_text)
def test_a_vector_is_what_postgresql_would_make_of_the_tokens(text: str) -> None:
    indexed = index_text(text)

    rendered = render([Field("D", [indexed.folded.split()])])

    places = {word: [str(place) for place, other in enumerate(indexed.folded.split(), 1) if other == word] for word in indexed.folded.split()}
    assert rendered == " ".join(f"{word}:{','.join(f'{place}D' for place in found)}" for word, found in places.items())


@pytest.mark.parametrize("text", ["Kỹ sư Điện, kỹ sư Nước", "C++ 1e5a ấ1b đ2", "日本語 Ж", ""])
def test_postgresql_reads_both_forms_at_the_same_places(app: object, text: str) -> None:
    indexed = index_text(text)
    made = sql("SELECT setweight(to_tsvector('simple', :folded), 'A') = CAST(:vector AS tsvector)")

    assert db.session.execute(made, {"folded": indexed.folded, "vector": render([Field("A", [indexed.folded.split()])])}).scalar_one()
    both = sql("SELECT lexeme, positions FROM unnest(CAST(:vector AS tsvector))")
    positions = {row.lexeme: row.positions for row in db.session.execute(both, {"vector": render([Field("A", [form.split() for form in indexed])])})}
    for place, (folded, exact) in enumerate(zip(indexed.folded.split(), indexed.accented.split(), strict=True), 1):
        assert place in positions[folded]
        assert place in positions[exact]


def test_fields_stand_apart() -> None:
    title = Field("A", [["ke", "toan"], ["kế", "toán"]], [(0, "ketoan")])

    assert render([title, Field("B", [["sao"]])]) == "ke:1A toan:2A kế:1A toán:2A ketoan:1A sao:13B"


@pytest.mark.parametrize("row", [Job, SearchDocument])
def test_titles_have_the_order_of_elasticsearch_whatever_the_language_of_the_database(row: type[Job] | type[SearchDocument]) -> None:
    first, _ = sorting(row, "-title", row.title)

    assert str(first).endswith('.title) COLLATE "C" DESC NULLS LAST')


def test_what_is_too_long_for_a_vector_is_found_by_its_beginning(client: FlaskClient) -> None:
    # Each ideograph is a word of its own, and no two of them stand side by side twice.
    texts = ["".join(chr(0x4E00 + place * step % 20_000) for place in range(19_990)) for step in (7919, 7907, 7901, 7883)]
    job = post("Dài", description=f"zebra {texts[0]}", requirements=texts[1], responsibilities=texts[2], benefits=texts[3])

    body = document_of(job).body

    assert len(body.folded.split()) == len(body.accented.split()) < 80_000
    assert titles(search(client, q="zebra")) == ["Dài"]


def test_ordinary_words_are_never_too_many(app: APIFlask) -> None:
    long = " ".join(f"{first}{second}" for first in "abcdefghijklm" for second in "nopqrstuvwxyz") * 39
    job = JobFactory(description=long[:20_000], requirements=long[:20_000], responsibilities=long[:20_000], benefits=f"{long[:19_990]} zebra")

    assert document_of(job).body.folded.split()[-1] == "zebra"
