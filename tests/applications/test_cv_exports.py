"""Asking for all CVs of a job, what is in the archive and what its manifest says; the printing itself is stood in for."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select, update

from app.accounts.models import User
from app.applications.cv_exports.models import CvExport, CvExportPart
from app.applications.models import Application, ApplicationStatus
from app.companies.models import Company
from app.core import leases, storage
from app.core.clock import now
from app.core.outbox import Task, TaskState, enqueue
from app.core.storage import StoredFile
from app.core.unit_of_work import unit_of_work
from app.extensions import db
from app.jobs.models import Job
from app.jobs.purging import purge
from app.resumes.models import Resume
from tasks import maintenance
from tasks.base import Permanent, Transient
from tests.applications.export_desk import Desk, contents, manifest, notes
from tests.factories import RecruiterFactory

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


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


def test_a_job_without_applications_gives_an_archive_with_an_empty_manifest(desk: Desk) -> None:
    archive = desk.export()

    assert archive.namelist() == ["manifest.csv"]
    assert manifest(archive) == []


def test_names_are_unique_safe_and_short_enough_in_any_file_system(desk: Desk) -> None:
    for name in ("An", "An", "../../etc/passwd", "CON", 'Trần: "A*B?" <c>|', "Nguyễn " * 40, "Nguyê\u0303n", "\u202efdp.exe"):
        desk.apply(name, cv=b"%PDF")

    names = list(contents(desk.export()))

    assert names[:5] == ["0001 An.pdf", "0002 An.pdf", "0003 ..-..-etc-passwd.pdf", "0004 CON.pdf", "0005 Trần_ _A_B_ _c_.pdf"]
    assert names[5].startswith("0006 Nguyễn Nguyễn")
    assert len(names[5].encode()) <= 255
    assert names[6:] == ["0007 Nguyễn.pdf", "0008 _fdp.exe.pdf"]


def test_the_manifest_lists_each_application_and_is_inert_in_a_spreadsheet(desk: Desk) -> None:
    first = desk.apply('=HYPERLINK("http://x")', cv=b"%PDF", status=ApplicationStatus.REJECTED)
    db.session.execute(update(Application).values(applied_at="2026-03-01T20:30:00+00:00"))
    db.session.commit()

    [line] = manifest(desk.export())

    line.pop(next(key for key in line if key.startswith("Kỹ sư")))
    assert line == {
        "number": "1",
        "application": str(first),
        "candidate": '\'=HYPERLINK("http://x")',
        "status": "REJECTED",
        "applied_at": "2026-03-02 03:30+07:00",
        "file": "0001 =HYPERLINK(_http_--x_).pdf",
        "note": "",
    }


def test_a_name_in_the_manifest_turns_no_cell_round_and_hides_no_formula_behind_it(desk: Desk) -> None:
    desk.apply("Bảo \u202eLong\u2066", cv=b"%PDF")
    desk.apply("\u202e=1+1", cv=b"%PDF")

    lines = manifest(desk.export())

    assert sorted(line["candidate"] for line in lines) == ["'=1+1", "Bảo Long"]


def test_who_has_withdrawn_or_whose_account_is_closed_is_listed_without_a_file(desk: Desk) -> None:
    desk.apply("Ở lại", cv=b"%PDF")
    desk.apply("Rút lui", cv=b"%PDF", status=ApplicationStatus.WITHDRAWN)
    desk.apply("Bị khoá", cv=b"%PDF")
    db.session.execute(update(User).where(User.full_name == "Bị khoá").values(is_active=False))
    db.session.commit()

    archive = desk.export()

    assert list(contents(archive)) == ["0001 Ở lại.pdf"]
    assert notes(archive) == [
        ("0001 Ở lại.pdf", ""),
        ("", "The candidate has withdrawn the application."),
        ("", "The candidate's account is closed."),
    ]


def test_a_withdrawal_while_the_export_waits_counts(desk: Desk) -> None:
    desk.apply(cv=b"%PDF")
    task_id = desk.ask().json["task_id"]
    db.session.execute(update(Application).values(status=ApplicationStatus.WITHDRAWN))
    db.session.commit()

    desk.work(task_id)

    assert contents(desk.archive(task_id)) == {}


def test_who_applies_after_the_asking_is_not_in_it(desk: Desk) -> None:
    desk.apply("Trước", cv=b"%PDF")
    task_id = desk.ask().json["task_id"]
    desk.apply("Sau", cv=b"%PDF")

    desk.work(task_id)

    assert list(contents(desk.archive(task_id))) == ["0001 Trước.pdf"]


def test_a_missing_or_damaged_cv_is_a_line_and_the_rest_goes_on(desk: Desk) -> None:
    for name in ("Mất", "Hỏng", "Còn"):
        desk.apply(name, cv=f"%PDF {name}".encode())
    lost, damaged = db.session.scalars(select(StoredFile.key).order_by(StoredFile.id).limit(2))
    storage.delete_key(lost)
    with storage.open_key(damaged, "wb") as file:
        file.write(b"%PDF H")

    archive = desk.export()

    assert contents(archive) == {"0003 Còn.pdf": "%PDF Còn".encode()}
    assert notes(archive) == [
        ("", "The uploaded CV is no longer in the storage."),
        ("", "The uploaded CV is damaged: it is not what was uploaded."),
        ("0003 Còn.pdf", ""),
    ]


@pytest.mark.parametrize(
    ("fault", "tried"),
    [(Permanent("The résumé is longer than 20 pages."), 1), (Transient("The résumé's photo is not in the storage."), 2)],
    ids=["for good", "passing"],
)
def test_a_resume_that_cannot_be_printed_is_a_line_and_the_rest_goes_on(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, fault: Exception, tried: int
) -> None:
    def fail() -> None:
        raise fault

    monkeypatch.setattr(leases, "backoff", lambda attempt: timedelta())
    desk.apply("Quá dài")
    desk.apply("Vừa đủ")
    desk.on_print["Quá dài"] = fail

    archive = desk.export()

    assert list(contents(archive)) == ["0002 Vừa đủ.pdf"]
    assert notes(archive) == [("", str(fault)), ("0002 Vừa đủ.pdf", "")]
    assert desk.printed == ["Quá dài"] * tried + ["Vừa đủ"]


def test_a_resume_that_cannot_be_printed_now_comes_as_it_was(desk: Desk) -> None:
    def fail() -> None:
        raise Permanent("Too long.")

    desk.apply("An")
    desk.export()
    with unit_of_work():
        db.session.execute(update(Resume).values(title="Mới"))
    desk.on_print["An"] = fail

    archive = desk.export()

    assert contents(archive) == {"0001 An.pdf": b"%PDF An"}
    assert notes(archive) == [("0001 An.pdf", "This is an earlier version of the résumé. Too long.")]


def test_a_stored_pdf_is_used_again_and_a_new_one_is_kept_for_its_owner(desk: Desk) -> None:
    desk.apply("An")

    first, second = (contents(desk.export()) for _ in range(2))

    resume = db.session.scalars(select(Resume)).one()
    owner = desk.client_of(resume.user_id)
    assert first == second == {"0001 An.pdf": b"%PDF An"}
    assert desk.printed == ["An"]
    assert owner.post(f"/api/v1/resumes/{resume.id}/generate-pdf/").json["status"] == "READY"
    assert owner.get(f"/api/v1/resumes/{resume.id}/download/").data == b"%PDF An"


def test_a_stored_pdf_that_is_lost_is_printed_again(desk: Desk) -> None:
    desk.apply("An")
    desk.export()
    key = db.session.scalars(select(StoredFile.key).join(Resume, Resume.pdf_file_id == StoredFile.id)).one()
    storage.delete_key(key)

    archive = desk.export()

    assert (contents(archive), desk.printed) == ({"0001 An.pdf": b"%PDF An"}, ["An", "An"])


def test_a_deleted_resume_comes_as_it_was_printed_last_and_is_not_printed_again(desk: Desk) -> None:
    desk.apply("Có bản in")
    desk.export()
    desk.apply("Chưa in")
    with unit_of_work():
        db.session.execute(update(Resume).values(deleted_at=now(), title="Mới"))

    archive = desk.export()

    assert contents(archive) == {"0001 Có bản in.pdf": "%PDF Có bản in".encode()}
    assert notes(archive) == [("0001 Có bản in.pdf", ""), ("", "The candidate deleted the résumé before it was printed.")]
    assert desk.printed == ["Có bản in"]


def test_an_edit_during_the_print_leaves_no_ready_behind(desk: Desk) -> None:
    def edit() -> None:
        with unit_of_work():
            db.session.execute(update(Resume).values(title="Mới"))

    desk.apply("An")
    desk.on_print["An"] = edit

    archive = desk.export()

    assert contents(archive) == {"0001 An.pdf": b"%PDF An"}
    assert db.session.scalars(select(Resume.pdf_status)).one() == "NONE"


def test_asking_again_gives_the_same_task_until_it_is_over(desk: Desk) -> None:
    desk.apply(cv=b"%PDF")
    first, second = desk.ask().json, desk.ask().json
    desk.work(first["task_id"])

    third = desk.ask().json

    assert first == second
    assert third["task_id"] != first["task_id"]


def test_simultaneous_requests_start_one_export_and_count_as_one(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(desk.app.config, "CV_EXPORT_RATE", "1/hour")
    start = Barrier(4)

    def ask(_: int) -> Any:
        start.wait()
        return desk.ask()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, range(4)))

    assert [answer.status_code for answer in answers] == [202] * 4
    assert len({answer.json["task_id"] for answer in answers}) == 1
    assert db.session.scalar(select(func.count()).select_from(CvExport)) == 1


def test_only_accepted_exports_draw_on_the_rate_and_a_full_queue_refuses_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(desk.app.config, "CV_EXPORT_RATE", "1/hour")
    with unit_of_work():
        for _ in range(130):
            enqueue("pdf.render", {})
    full = desk.ask()
    db.session.execute(update(Task).values(state=TaskState.DISCARDED))
    db.session.commit()
    accepted, again = desk.ask(), desk.ask()
    desk.work(accepted.json["task_id"])

    refused = desk.ask()

    assert (full.status_code, full.json["code"], full.headers["Retry-After"]) == (503, "pdf_queue_full", "5")
    assert [accepted.status_code, again.status_code, refused.status_code] == [202, 202, 429]


def test_three_exports_of_one_recruiter_are_made_at_a_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(desk.app.config, "CV_EXPORT_RATE", "4/hour")
    desk.add_jobs(3)
    begun = [desk.ask(job_id).json["task_id"] for job_id in desk.job_ids[:3]]
    refused = desk.ask(desk.job_ids[3])
    again = desk.ask(desk.job_ids[0])
    desk.work(begun[1])

    accepted = desk.ask(desk.job_ids[3])

    assert (refused.status_code, refused.json["code"]) == (409, "too_many_exports")
    assert refused.json["detail"] == "3 exports of yours are being made already. Wait until one of them is done."
    assert again.json["task_id"] == begun[0]
    assert accepted.status_code == 202


def test_an_export_whose_task_was_given_up_does_not_stand_in_the_way(desk: Desk) -> None:
    first = desk.ask().json["task_id"]
    db.session.execute(update(Task).where(Task.id == first).values(state=TaskState.DISCARDED))
    db.session.commit()

    second = desk.ask().json["task_id"]

    assert second != first
    assert desk.work(second) == 1


def test_only_the_owner_of_the_company_gets_the_archive(desk: Desk) -> None:
    task_id = desk.ask().json["task_id"]
    desk.work(task_id)
    path = desk.task(task_id)["result_url"]
    with unit_of_work():
        other_id = RecruiterFactory().id
    other: FlaskClient = desk.client_of(other_id)
    stranger = (other.get(path).status_code, other.get(f"/api/v1/tasks/{task_id}/").status_code)
    with unit_of_work():
        db.session.execute(update(Company).values(owner_id=other_id))

    sold = (desk.caller.get(path).json["code"], other.get(path).status_code)

    assert stranger == (404, 404)
    assert sold == ("export_not_found", 200)


def test_the_archive_of_a_deleted_job_can_be_made_and_that_of_a_purged_one_still_be_got(desk: Desk) -> None:
    desk.apply(cv=b"%PDF")
    with unit_of_work():
        db.session.execute(update(Job).values(deleted_at=now()))
    task_id = desk.ask().json["task_id"]
    desk.work(task_id)
    with unit_of_work():
        purge([desk.job_id])

    assert len(contents(desk.archive(task_id))) == 1


def test_a_job_that_is_purged_meanwhile_ends_its_export(desk: Desk) -> None:
    desk.apply(cv=b"%PDF")
    task_id = desk.ask().json["task_id"]
    with unit_of_work():
        purge([desk.job_id])

    desk.work(task_id)

    assert (desk.task(task_id)["status"], desk.task(task_id)["error"]) == ("FAILED", "The job or the export has been removed.")
    assert db.session.scalar(select(func.count()).select_from(CvExport)) == 0


def test_an_export_expires_and_its_bytes_go_an_hour_later(desk: Desk) -> None:
    desk.apply(cv=b"%PDF")
    task_id = desk.ask().json["task_id"]
    desk.work(task_id)
    path = desk.task(task_id)["result_url"]
    answers = []
    for hours in (71, 72, 74):
        with unit_of_work():
            db.session.execute(update(CvExport).values(finished_at=now() - timedelta(hours=hours)))
        maintenance.purge_cv_exports()
        answers.append((desk.caller.get(path).status_code, db.session.scalar(select(func.count()).select_from(CvExportPart))))

    assert answers == [(200, 2), (404, 2), (404, 0)]
    assert [key.split("/")[0] for key, _ in storage.list_keys()] == ["cvs"]
