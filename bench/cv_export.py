"""What an export of a job's CVs costs the people who ask for a single PDF meanwhile, and what asking costs with a long queue.

`python -m bench.cv_export [applications]`, 200 by default, each with a résumé of four pages that has never been printed. It needs
`DATABASE_URL` and `REDIS_URL`, makes a database of its own, and empties that Redis database.
"""

import statistics
import sys
import time
from datetime import datetime
from itertools import pairwise

from sqlalchemy import insert, select

from app.accounts.models import User
from app.applications.cv_exports import service as exports
from app.applications.cv_exports.models import CvExport, CvExportPart
from app.applications.models import Application
from app.companies.models import Company
from app.core import backlog
from app.core.auth import Role
from app.core.outbox import Task
from app.core.storage import StoredFile
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.jobs.models import ExperienceLevel, Job, JobStatus, JobType
from app.resumes.models import Resume
from bench.resume_pdf_queue import board, finish, request, worker

EVERY = 1.5


def main(applications: int) -> None:
    """One worker child, so that every slice is in everybody's way."""
    with board(), worker(1):
        idle = statistics.median(_single() for _ in range(8))
        task_id, export_id = _ask(applications)
        start = time.monotonic()
        waits = []
        while not _is_finished(export_id):
            waits.append(_single())
            time.sleep(EVERY)
        seconds, slices = time.monotonic() - start, _slice_seconds(export_id)
        size = db.session.scalars(select(CvExport.size).where(CvExport.id == export_id)).one()
        print(f"export of {applications}: {seconds:.1f} s, {len(slices) + 1} slices, {size / 1e6:.1f} MB, task {task_id}")
        print(f"time between two parts: median {statistics.median(slices):.2f} s, longest {max(slices):.2f} s")
        print(
            f"a single PDF: idle {idle:.2f} s; during the export median {statistics.median(waits):.2f} s, longest {max(waits):.2f} s, of {len(waits)}"
        )
        print(f"longest, less an idle one, in longest times between two parts (goal: at most 1): {(max(waits) - idle) / max(slices):.2f}")
    with board():
        for more in (0, 2000, 98000):
            print(f"estimating the wait, {more:,} tasks more than before: {_estimate(more):.2f} ms")


def _single() -> float:
    """Seconds from the committed request to the stored PDF."""
    tasks = request(1)
    start = time.monotonic()
    return finish(tasks, seconds=60, pause=0.01) - start


def _ask(applications: int) -> tuple[int, int]:
    """A job with so many applications, and its export: task and export."""
    request_later = []
    with unit_of_work():
        owner = _person("recruiter", Role.RECRUITER)
        company = Company(owner=owner, name="Sao Mai")
        kind = {"job_type": JobType.FULL_TIME, "experience_level": ExperienceLevel.MIDDLE, "status": JobStatus.OPEN}
        job = Job(company=company, title="Kỹ sư", description="x", location="Hà Nội", **kind)
        db.session.add(job)
        db.session.flush()
        pattern = db.session.scalars(select(Resume).order_by(Resume.id).limit(1)).one()
        kept = {"id", "user_id", "pdf_file_id", "pdf_hash", "pdf_task_id", "pdf_status", "title"}
        values = {column.key: getattr(pattern, column.key) for column in Resume.__table__.columns if column.key not in kept}
        for number in range(applications):
            person = _person(f"candidate{number}", Role.CANDIDATE)
            resume = Resume(**values, user_id=person.id, title=f"Kỹ sư {number}")
            db.session.add(resume)
            request_later.append((person, resume))
        db.session.flush()
        rows = [Application(candidate=person, job_id=job.id, company_id=company.id, resume=resume) for person, resume in request_later]
        db.session.add_all(rows)
        db.session.flush()
        task_id = exports.request_export(owner, job.id, before_accepting=lambda: None)
    return task_id, db.session.scalars(select(CvExport.id)).one()


def _person(name: str, role: Role) -> User:
    person = User(email=f"{name}@example.com", password_hash="!", full_name="Nguyễn Thị Phương Thảo", user_type=role, is_active=True)
    db.session.add(person)
    db.session.flush()
    return person


def _is_finished(export_id: int) -> bool:
    db.session.rollback()
    return db.session.scalar(select(CvExport.finished_at).where(CvExport.id == export_id)) is not None


def _slice_seconds(export_id: int) -> list[float]:
    """The times between the parts; what was printed between two slices for others is in them."""
    parts = select(StoredFile.created_at).join(CvExportPart, CvExportPart.file_id == StoredFile.id).where(CvExportPart.export_id == export_id)
    times: list[datetime] = list(db.session.scalars(parts.order_by(CvExportPart.number)))
    return [(later - earlier).total_seconds() for earlier, later in pairwise(times)]


def _estimate(more: int) -> float:
    """Milliseconds of an estimate with so many more tasks waiting, which no worker takes; the relay has sent them."""
    if more:
        with unit_of_work():
            db.session.execute(insert(Task), [{"name": "pdf.render", "args": {}, "state": "SENT"}] * more)
        db.session.connection(execution_options={"isolation_level": "AUTOCOMMIT"}).exec_driver_sql("VACUUM ANALYZE tasks")
        db.session.rollback()
    took = []
    for _ in range(50):
        start = time.perf_counter()
        backlog.waiting_seconds()
        took.append(time.perf_counter() - start)
    db.session.rollback()
    return statistics.median(took) * 1000


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
