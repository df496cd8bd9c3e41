"""Files that nothing needs are removed, and no others."""

import os
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from apiflask import APIFlask
from sqlalchemy import select, update

from app.core import file_purge, storage
from app.core.clock import now
from app.core.file_purge import ForeignStorage
from app.core.storage import StoredFile
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from tasks import base
from tasks.maintenance import purge_files
from tests.factories import ApplicationFactory, CandidateFactory, CompanyFactory, ResumeFactory

OLD = timedelta(days=2)


@pytest.fixture
def folder(committed_app: APIFlask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The storage's folder, in the context of the application that uses it."""
    monkeypatch.setattr(base, "flask_app", committed_app)
    with committed_app.app_context():
        yield tmp_path / "storage"


def store(kind: str, *, age: timedelta = OLD) -> StoredFile:
    """A committed file of that age, to which nothing refers yet."""
    with unit_of_work():
        stored = storage.save(b"content", folder=kind, name="x", content_type="text/plain", owner_id=None)
        db.session.execute(update(StoredFile).where(StoredFile.id == stored.id).values(created_at=now() - age))
    return stored


def keys(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def grow_old(folder: Path) -> None:
    past = time.time() - OLD.total_seconds()
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (past, past))


def rows() -> list[str]:
    return sorted(db.session.scalars(select(StoredFile.key)))


def test_a_file_goes_when_nothing_refers_to_it_any_more(folder: Path) -> None:
    gone = [store(kind).key for kind in ("avatars", "logos", "cvs", "resume-photos", "resume-pdfs")]

    purge_files()

    assert len(gone) == 5
    assert (rows(), keys(folder)) == ([], [])


def test_a_file_in_use_stays_whatever_its_age(folder: Path) -> None:
    files = {kind: store(kind) for kind in ("avatars", "logos", "cvs", "resume-photos", "resume-pdfs")}
    with unit_of_work():
        CandidateFactory(avatar_id=files["avatars"].id)
        CompanyFactory(logo_id=files["logos"].id)
        ApplicationFactory(cv_file_id=files["cvs"].id)
        ResumeFactory(photo_id=files["resume-photos"].id, pdf_file_id=files["resume-pdfs"].id, deleted_at=now())
    expected = sorted(file.key for file in files.values())
    grow_old(folder)

    purge_files()

    assert (rows(), keys(folder)) == (expected, expected)


def test_a_folder_that_nobody_declared_is_left_alone(folder: Path) -> None:
    kept = store("messages").key

    purge_files()

    assert (rows(), keys(folder)) == ([kept], [kept])


def test_a_file_of_today_is_left_alone(folder: Path) -> None:
    kept = store("avatars", age=timedelta(hours=23)).key

    purge_files()

    assert (rows(), keys(folder)) == ([kept], [kept])


def test_old_bytes_without_a_row_go_and_fresh_or_foreign_ones_stay(folder: Path) -> None:
    kept = store("messages").key
    for name in ("cvs/" + "a" * 32, "cvs/README.txt", "backup.tar"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    grow_old(folder)
    (folder / "cvs" / ("b" * 32)).write_bytes(b"being uploaded")

    purge_files()

    assert keys(folder) == sorted([kept, "backup.tar", "cvs/README.txt", "cvs/" + "b" * 32])


def test_the_storage_of_another_database_is_left_alone(folder: Path) -> None:
    (folder / "cvs").mkdir(parents=True)
    for number in range(101):
        (folder / "cvs" / f"{number:032x}").write_bytes(b"x")
    grow_old(folder)

    with pytest.raises(ForeignStorage, match="101 of 101 stored files have no row"):
        file_purge.purge_bytes()

    purge_files()
    assert len(keys(folder)) == 101


def test_a_replaced_file_stays_when_the_replacement_fails(folder: Path) -> None:
    stored = store("avatars")

    with pytest.raises(RuntimeError), unit_of_work():
        file_purge.discard(stored)
        raise RuntimeError

    assert rows() == keys(folder) == [stored.key]


def test_a_storage_that_is_not_there_yet_is_empty(folder: Path) -> None:
    assert file_purge.purge_bytes() == 0
