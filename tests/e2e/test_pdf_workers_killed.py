"""Real workers of the pdf queue, killed by SIGKILL in the middle of a render and of an export."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from apiflask import APIFlask
from pypdf import PdfReader
from sqlalchemy import func, select, update

from app import create_app
from app.accounts.models import User
from app.applications.cv_exports import service as exports
from app.applications.cv_exports.models import CvExportPart
from app.core import leases, storage
from app.core.outbox import Task, TaskState
from app.core.storage import StoredFile
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.resumes import pdf, service
from app.resumes.models import Resume
from tests import factories
from tests.conftest import cloned, empty_redis, settings_for
from tests.e2e.system import System, eventually

pytestmark = pytest.mark.serial

# Some seconds of printing: long enough to be killed in the middle.
JOBS = [
    {"company": f"Công ty {number}", "position": "Kỹ sư", "start_date": "2020", "end_date": "2021", "is_current": False, "description": "việc " * 400}
    for number in range(25)
]


@pytest.fixture
def app(template_database: str, worker_number: int, tmp_path: Path) -> Iterator[APIFlask]:
    """An application on the database and storage that the workers use."""
    with cloned(template_database, "killed") as url:
        made = create_app(settings_for(url, worker_number, tmp_path / "storage"))
        empty_redis(made.extensions["settings"])
        factories.use(db.session)
        with made.app_context():
            yield made
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def system(app: APIFlask, tmp_path: Path) -> Iterator[System]:
    """A relay and a pdf worker."""
    config = app.config
    environment = {name: str(config[name]) for name in ("REDIS_URL", "REDIS_CACHE_URL", "STORAGE_URL")}
    database = config["DATABASE_URL"].replace("postgresql+psycopg://", "postgresql://", 1)
    running = System({"ENVIRONMENT": "development", "DATABASE_URL": database, "MAIL_FOLDER": str(tmp_path / "mail"), **environment}, tmp_path)
    try:
        running.start_relay()
        running.start_worker("pdf")
        yield running
    finally:
        running.stop()


def task(task_id: int) -> Task:
    db.session.rollback()
    return db.session.get_one(Task, task_id, populate_existing=True)


def let_the_lease_run_out(task_id: int) -> None:
    """What the sweeper finds a minute later."""
    with unit_of_work():
        db.session.execute(update(Task).where(Task.id == task_id).values(lease_until=func.clock_timestamp()))
    with unit_of_work():
        assert leases.sweep().reclaimed == 1


def test_an_edit_while_the_worker_is_killed_leads_to_one_more_render(app: APIFlask, system: System) -> None:
    with unit_of_work():
        resume: Resume = factories.ResumeFactory(title="Trước", experience=JOBS)
        owner_id, resume_id = resume.user_id, resume.id
        task_id = pdf.request_pdf(owner_id, resume_id, before_render=lambda: None) or 0
    eventually(lambda: "content_key" in task(task_id).args, seconds=60, what="a render under way")

    system.kill("pdf")
    killed_while = task(task_id).state
    with unit_of_work():
        service.edit(owner_id, resume_id, {"title": "Sau khi sửa"})
        again = pdf.request_pdf(owner_id, resume_id, before_render=lambda: None)
    let_the_lease_run_out(task_id)
    system.start_worker("pdf")
    eventually(lambda: task(again or 0).state == TaskState.DONE and task(task_id).state == TaskState.DONE, seconds=90, what="the render")

    stored = db.session.scalars(select(StoredFile)).all()
    shown = db.session.get_one(Resume, resume_id, populate_existing=True)
    text = PdfReader(io.BytesIO(storage.read(stored[0]))).pages[0].extract_text()
    assert killed_while == TaskState.RUNNING
    assert again != task_id
    assert (len(stored), shown.pdf_status, shown.pdf_file_id) == (1, "READY", stored[0].id)
    assert "Sau khi sửa" in text


def test_an_export_goes_on_where_its_killed_worker_was(app: APIFlask, system: System) -> None:
    with unit_of_work():
        job = factories.JobFactory()
        for number in range(6):
            resume = factories.ResumeFactory(full_name=f"Người {number}", experience=JOBS)
            factories.ApplicationFactory(job=job, resume=resume, candidate=db.session.get_one(User, resume.user_id))
        owner = job.company.owner
        task_id = exports.request_export(owner, job.id, before_accepting=lambda: None)
    eventually(
        lambda: _parts() and task(task_id).args.get("printing") and task(task_id).state == TaskState.RUNNING, seconds=90, what="a second slice"
    )

    system.kill("pdf")
    before = _parts()
    killed_while = task(task_id).state
    let_the_lease_run_out(task_id)
    system.start_worker("pdf")
    eventually(lambda: task(task_id).state == TaskState.DONE, seconds=120, what="the export")

    export, files = exports.get_finished(owner, int((task(task_id).result_url or "").split("/")[-3]))
    archive = zipfile.ZipFile(io.BytesIO(b"".join(storage.read(file) for file in files)))
    assert killed_while == TaskState.RUNNING
    assert _parts()[: len(before)] == before
    assert archive.testzip() is None
    assert len(archive.namelist()) == 7
    assert export.handled == 6


def _parts() -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(CvExportPart.file_id).order_by(CvExportPart.number)))
