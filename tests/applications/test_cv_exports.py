"""Asking for all CVs of a job, what is in the archive and what its manifest says; the printing itself is stood in for."""

import csv
import io
import zipfile
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app.accounts import sessions
from app.accounts.models import User
from app.applications.cv_exports import slices
from app.applications.cv_exports.models import CvExport, CvExportPart
from app.applications.models import Application, ApplicationStatus
from app.core import storage
from app.core.clock import now
from app.core.outbox import Task, TaskState
from app.core.storage import StoredFile
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.jobs.models import Job
from app.resumes.models import Resume
from app.resumes.pdf import Draft
from tasks import base
from tasks import pdf as pdf_queue
from tasks.exports import export_cvs
from tests.factories import ApplicationFactory, CandidateFactory, CompanyFactory, JobFactory, RecruiterFactory, ResumeFactory

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


class Desk:
    """A recruiter with a job, its applications, and the worker's side of an export."""

    def __init__(self, app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
        self.app = app
        self.printed: list[str] = []
        self.faults: dict[str, Exception] = {}
        monkeypatch.setattr(base, "flask_app", app)
        monkeypatch.setattr(pdf_queue, "_print", self._print)
        with unit_of_work():
            job: Job = JobFactory(title="Kỹ sư / phần mềm")
            self.job_id = job.id
            self.owner_id = job.company.owner_id
        self.caller = self.client_of(self.owner_id)

    def _print(self, draft: Draft) -> bytes:
        assert not db.session().in_transaction(), "no transaction stays open during the layout"
        name = draft.content["full_name"]
        self.printed.append(name)
        if name in self.faults:
            raise self.faults[name]
        return f"%PDF {name}".encode()

    def client_of(self, user_id: int) -> FlaskClient:
        token = sessions.open_session(db.session.get_one(User, user_id)).access
        db.session.commit()
        caller = self.app.test_client(use_cookies=False)
        caller.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        return caller

    def apply(self, name: str = "Nguyễn Thị Phương Thảo", *, cv: bytes | None = None, kind: str = "application/pdf", **values: Any) -> int:
        """An application with a CV, or else with a résumé that has never been printed; its id."""
        with unit_of_work():
            person = CandidateFactory(full_name=name)
            files: dict[str, Any] = {}
            if cv is not None:
                stored = storage.save(cv, folder="cvs", name="cv", content_type=kind, owner_id=person.id)
                files["cv_file_id"] = stored.id
            else:
                files["resume"] = ResumeFactory(user_id=person.id, full_name=name)
            made: Application = ApplicationFactory(candidate=person, job=db.session.get_one(Job, self.job_id), **{**files, **values})
            return made.id

    def ask(self) -> Any:
        return self.caller.post(f"/api/v1/jobs/{self.job_id}/cv-export/")

    def work(self, task_id: int, *, slices_at_most: int = 1000) -> int:
        """Run slices until the task is over; how many."""
        for number in range(1, slices_at_most + 1):
            export_cvs(task_id)
            if self.task(task_id)["status"] in {"DONE", "FAILED"}:
                return number
        return slices_at_most

    def task(self, task_id: int) -> Any:
        return self.caller.get(f"/api/v1/tasks/{task_id}/").json

    def archive(self, task_id: int) -> zipfile.ZipFile:
        answer = self.caller.get(self.task(task_id)["result_url"])
        assert (answer.status_code, answer.content_type) == (200, "application/zip")
        assert len(answer.data) == int(answer.headers["Content-Length"])
        return zipfile.ZipFile(io.BytesIO(answer.data))

    def export(self) -> zipfile.ZipFile:
        """Ask, work until done, download."""
        task_id = self.ask().json["task_id"]
        self.work(task_id)
        return self.archive(task_id)


def contents(archive: zipfile.ZipFile) -> dict[str, bytes]:
    assert archive.testzip() is None
    return {name: archive.read(name) for name in archive.namelist() if name != "manifest.csv"}


def manifest(archive: zipfile.ZipFile) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode("utf-8-sig"), newline="")))


def notes(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    return [(line["file"], line["note"]) for line in manifest(archive)]


@pytest.fixture
def desk(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    with committed_app.app_context():
        yield Desk(committed_app, monkeypatch)


def test_uploads_go_in_as_they_are_and_resumes_are_printed(desk: Desk) -> None:
    desk.apply("Lê Minh Đức", cv=b"%PDF-1.4 as uploaded")
    desk.apply("Đặng Thùy Trâm", cv=b"PK docx", kind=DOCX)
    desk.apply("Nguyễn Thị Phương Thảo")

    archive = desk.export()

    assert contents(archive) == {
        "0001 Lê Minh Đức.pdf": b"%PDF-1.4 as uploaded",
        "0002 Đặng Thùy Trâm.docx": b"PK docx",
        "0003 Nguyễn Thị Phương Thảo.pdf": "%PDF Nguyễn Thị Phương Thảo".encode(),
    }
    assert archive.namelist()[-1] == "manifest.csv"


def test_the_answer_names_the_task_and_its_result_is_the_download(desk: Desk) -> None:
    desk.apply(cv=b"%PDF")

    asked = desk.ask()
    before = desk.task(asked.json["task_id"])
    desk.work(asked.json["task_id"])
    after = desk.task(asked.json["task_id"])
    answer = desk.caller.get(after["result_url"])

    task_id, export_id = asked.json["task_id"], db.session.scalars(select(CvExport.id)).one()
    assert (asked.status_code, asked.json) == (202, {"task_id": task_id, "status_url": f"/api/v1/tasks/{task_id}/"})
    assert (before["kind"], before["status"], before["position"]) == ("pdf.cv_export", "QUEUED", 1)
    assert (after["status"], after["progress"]) == ("DONE", 100)
    assert after["result_url"] == f"/api/v1/cv-exports/{export_id}/download/"
    assert answer.headers["Content-Disposition"].endswith(f"filename*=UTF-8''{quote('CV - Kỹ sư - phần mềm.zip')}")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
