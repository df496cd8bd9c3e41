"""A recruiter with a job, its applications, and the worker's side of an export; the printing is stood in for."""

import csv
import io
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.accounts import sessions
from app.accounts.models import User
from app.applications.models import Application
from app.companies.models import Company
from app.core import storage
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.jobs.models import Job
from app.resumes.pdf import Draft
from tasks import base
from tasks import pdf as pdf_queue
from tasks.exports import export_cvs
from tests.conftest import Caller
from tests.factories import ApplicationFactory, CandidateFactory, JobFactory, ResumeFactory


class Desk:
    """A recruiter with a job, its applications, and the worker's side of an export."""

    def __init__(self, app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
        app.test_client_class = Caller
        self.app = app
        self.printed: list[str] = []
        # What happens when somebody's résumé is printed.
        self.on_print: dict[str, Callable[[], Any]] = {}
        monkeypatch.setattr(base, "flask_app", app)
        monkeypatch.setattr(pdf_queue, "print_draft", self._print)
        with unit_of_work():
            job: Job = JobFactory(title="Kỹ sư / phần mềm")
            self.job_ids = [job.id]
            self.company_id = job.company_id
            self.owner_id = job.company.owner_id
        self.caller = self.client_of(self.owner_id)

    def _print(self, draft: Draft) -> bytes:
        assert not db.session().in_transaction(), "no transaction stays open during the layout"
        name = draft.content["full_name"]
        self.printed.append(name)
        self.on_print.get(name, lambda: None)()
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

    @property
    def job_id(self) -> int:
        return self.job_ids[0]

    def add_jobs(self, number: int) -> None:
        with unit_of_work():
            company = db.session.get_one(Company, self.company_id)
            self.job_ids += [JobFactory(company=company).id for _ in range(number)]

    def ask(self, job_id: int | None = None) -> Any:
        return self.caller.post(f"/api/v1/jobs/{job_id or self.job_id}/cv-export/")

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
