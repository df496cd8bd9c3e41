"""Finding applicants by name, skills and the text of the résumé they sent, among the applications that one may see anyway."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from sqlalchemy import text as sql

from app.accounts.models import User
from app.applications.models import ApplicantWords, Application
from app.companies.models import Company
from app.core.clock import now
from app.extensions import db
from app.resumes.models import Resume
from tests.factories import AdminFactory, ApplicationFactory, CandidateFactory, CompanyFactory, JobFactory, ResumeFactory

SignIn = Callable[[User], FlaskClient]


def apply(company: Company, name: str, **resume: Any) -> Application:
    candidate = CandidateFactory(full_name=name)
    sent = ResumeFactory(user_id=candidate.id, **{"title": "Hồ sơ", "full_name": name, **resume})
    made: Application = ApplicationFactory(candidate=candidate, job=JobFactory(company=company), resume=sent)
    return made


@pytest.fixture
def company(app: APIFlask) -> Company:
    """A company with three applicants."""
    made: Company = CompanyFactory()
    apply(
        made,
        "Nguyễn Thị Phương Thảo",
        title="Lập trình viên",
        skill_items=[{"id": 1, "name": "C++", "level": 3}, {"id": 2, "name": "C#", "level": 3}],
    )
    apply(made, "Trần Đức Anh", summary="Tám năm làm kế toán thuế.", skill_items=[{"id": 1, "name": "ASP.NET", "level": 3}])
    apply(made, "Lê Thu Hà", experience=[{"id": "1", "company": "Vinamilk", "position": "Kế toán trưởng", "description": "Quản lý công nợ"}])
    return made


def found(caller: FlaskClient, **parameters: Any) -> list[str]:
    answer = caller.get(f"/api/v1/applications/?{urlencode(parameters)}")
    assert answer.status_code == 200, answer.text
    assert answer.json["count"] == len(answer.json["results"])
    return sorted(row["candidate"]["full_name"] for row in answer.json["results"])


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Phương Thảo", ["Nguyễn Thị Phương Thảo"]),
        ("phuong thao", ["Nguyễn Thị Phương Thảo"]),
        ("thao phuo", ["Nguyễn Thị Phương Thảo"]),
        ("DUC", ["Trần Đức Anh"]),
        ("ke toan", ["Lê Thu Hà", "Trần Đức Anh"]),
        ("kế toán vinamilk", ["Lê Thu Hà"]),
        ("thu ha ke toan", ["Lê Thu Hà"]),
        ("c++", ["Nguyễn Thị Phương Thảo"]),
        ("C#", ["Nguyễn Thị Phương Thảo"]),
        (".net", ["Trần Đức Anh"]),
        ("ao", []),
        ("khong co ai", []),
        ("*!&| ()", ["Lê Thu Hà", "Nguyễn Thị Phương Thảo", "Trần Đức Anh"]),
        ("'; DROP TABLE users; --", []),
        ("日本", []),
        ("a" * 200, []),
    ],
)
def test_applicants_are_found_by_name_and_resume(company: Company, sign_in: SignIn, typed: str, expected: list[str]) -> None:
    assert found(sign_in(company.owner), q=typed) == expected


def test_only_what_the_list_shows_anyway_is_searched(company: Company, sign_in: SignIn) -> None:
    other = CompanyFactory()
    foreign = apply(other, "Nguyễn Văn Nam", summary="Kế toán thuế.")
    everybody = ["Lê Thu Hà", "Nguyễn Văn Nam", "Trần Đức Anh"]

    assert found(sign_in(other.owner), q="ke toan") == ["Nguyễn Văn Nam"]
    assert found(sign_in(company.owner), q="van nam") == []
    assert found(sign_in(foreign.candidate), q="ke toan") == ["Nguyễn Văn Nam"]
    assert found(sign_in(CandidateFactory()), q="ke toan") == []
    assert found(sign_in(AdminFactory()), q="ke toan") == everybody


def test_a_resume_that_was_not_sent_and_what_identifies_its_owner_find_nothing(sign_in: SignIn) -> None:
    company, candidate = CompanyFactory(), CandidateFactory(full_name="Lê Thu Hà")
    sent = ResumeFactory(
        user_id=candidate.id, email="bimat@example.com", phone="0901234567", address="12 Nguyễn Trãi", references=[{"name": "Phạm Tuấn"}]
    )
    ResumeFactory(user_id=candidate.id, title="Thợ hàn", full_name="Lê Thu Hà")
    ApplicationFactory(candidate=candidate, job=JobFactory(company=company), resume=sent, note="Giỏi", cover_letter="Kính gửi")
    caller = sign_in(company.owner)

    assert {typed: found(caller, q=typed) for typed in ("thợ hàn", "bimat", "0901234567", "nguyễn trãi", "phạm tuấn")} == {
        "thợ hàn": [],
        "bimat": [],
        "0901234567": [],
        "nguyễn trãi": [],
        "phạm tuấn": [],
    }


def test_the_other_filters_and_pages_hold_too(company: Company, sign_in: SignIn) -> None:
    first = db.session.scalars(select(Application).order_by(Application.id)).first()
    assert first is not None
    caller = sign_in(company.owner)

    assert found(caller, q="lập trình", job=first.job_id) == ["Nguyễn Thị Phương Thảo"]
    assert found(caller, q="kế toán", job=first.job_id) == []
    assert found(caller, q="kế toán", status="REJECTED") == []
    assert len(caller.get("/api/v1/applications/?q=ke+toan&limit=1").json["results"]) == 1


def test_a_changed_name_a_changed_resume_and_another_resume_are_found_at_once(company: Company, sign_in: SignIn) -> None:
    application = apply(company, "Võ Minh")
    other = ResumeFactory(user_id=application.candidate_id, title="Thợ mộc", full_name="")
    caller = sign_in(company.owner)

    application.candidate.full_name = "Võ Hoàng Long"
    application.resume.summary = "Điều dưỡng trưởng"  # type: ignore[union-attr]
    db.session.commit()
    renamed = (found(caller, q="hoang long"), found(caller, q="dieu duong"))
    application.resume_id = other.id
    db.session.commit()

    assert renamed == (["Võ Hoàng Long"], ["Võ Hoàng Long"])
    assert (found(caller, q="tho moc"), found(caller, q="dieu duong"), found(caller, q="minh")) == (["Võ Hoàng Long"], [], [])


def test_an_application_with_a_file_alone_is_found_by_name_and_takes_its_words_along(company: Company, sign_in: SignIn) -> None:
    application = ApplicationFactory(candidate=CandidateFactory(full_name="Đỗ Mạnh"), job=JobFactory(company=company))
    caller = sign_in(company.owner)
    before = found(caller, q="do manh")

    db.session.delete(db.session.get(Application, application.id))
    db.session.commit()

    assert before == ["Đỗ Mạnh"]
    assert db.session.get(ApplicantWords, application.id) is None


def test_a_deleted_resume_stays_findable_for_who_received_it(company: Company, sign_in: SignIn) -> None:
    resume = db.session.scalars(select(Resume).where(Resume.full_name == "Lê Thu Hà")).one()
    resume.deleted_at = now()
    db.session.commit()

    assert found(sign_in(company.owner), q="vinamilk") == ["Lê Thu Hà"]


@pytest.mark.parametrize("query", ["q=" + "a" * 201, "q=a%00b"])
def test_a_text_that_is_too_long_or_cannot_be_stored_is_refused(company: Company, sign_in: SignIn, query: str) -> None:
    answer = sign_in(company.owner).get(f"/api/v1/applications/?{query}")

    assert (answer.status_code, list(answer.json["errors"])) == (400, ["q"])


def test_half_a_character_is_harmless(company: Company, sign_in: SignIn) -> None:
    assert sign_in(company.owner).get("/api/v1/applications/?q=%ED%A0%80thao%FF").status_code == 200


def test_the_words_are_looked_up_in_their_index(company: Company, sign_in: SignIn) -> None:
    db.session.execute(sql("SET LOCAL enable_seqscan = off"))
    plans: list[str] = []
    caller = sign_in(company.owner)

    def explain(connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, executemany: bool) -> None:
        if "applicant_words" in statement:
            with connection.connection.dbapi_connection.cursor() as other:
                plans.append(json.dumps(other.execute(f"EXPLAIN (FORMAT JSON) {statement}", parameters).fetchone()[0]))

    event.listen(db.engine, "before_cursor_execute", explain)
    found(caller, q="ke toan")
    event.remove(db.engine, "before_cursor_execute", explain)

    assert len(plans) == 2
    assert all("Seq Scan" not in plan for plan in plans)
    assert all("ix_applicant_words_words" in plan or "pk_applicant_words" in plan for plan in plans)
