"""Callers with résumés."""

import io
from collections.abc import Callable
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient
from PIL import Image

from app.accounts.models import User
from app.extensions import db
from tests.factories import CandidateFactory
from tests.resumes.pdf_board import Board

SignIn = Callable[[User], FlaskClient]

FULL: dict[str, Any] = {
    "title": "Kỹ sư dữ liệu",
    "full_name": "Lê Minh Đức",
    "email": "duc.le@example.com",
    "phone": "0912 345 678",
    "address": "12 Nguyễn Huệ, Quận 1",
    "summary": "Bảy năm xây dựng kho dữ liệu.",
    "skills": ["Python", "PostgreSQL"],
    "experience": [
        {
            "company": "Sao Mai",
            "position": "Kỹ sư",
            "start_date": "2021-04",
            "end_date": None,
            "is_current": True,
            "description": "Thiết kế kho dữ liệu.\n• 40 bảng\n• 12 báo cáo",
        }
    ],
    "education": [
        {
            "institution": "Đại học Bách Khoa",
            "degree": "Cử nhân",
            "field_of_study": "Khoa học máy tính",
            "start_date": "2012",
            "end_date": "2016",
            "gpa": 3.6,
        }
    ],
    "certifications": [
        {
            "name": "AWS Solutions Architect",
            "issuing_organization": "Amazon",
            "issue_date": "2022-05-01",
            "expiration_date": "2025-05-01",
            "credential_id": "ABC-1",
        }
    ],
    "languages": [{"name": "Tiếng Anh", "level": "IELTS 7.0"}],
    "projects": [
        {
            "name": "Kho mở",
            "role": "Trưởng nhóm",
            "url": "https://khomo.example.com",
            "start_date": "2020",
            "end_date": "2021",
            "is_current": False,
            "description": "Dữ liệu mở cho thành phố.",
            "technologies": ["Airflow"],
        }
    ],
    "links": [{"label": "GitHub", "url": "https://github.com/ducle"}],
    "publications": [{"name": "Kho dữ liệu mở", "publisher": "Tạp chí Tin học", "release_date": "2022-03"}],
    "awards": [{"title": "Giải nhất", "awarder": "Hội Tin học", "date": "2015"}],
    "volunteer": [
        {
            "organization": "Lớp học tình thương",
            "position": "Giáo viên",
            "start_date": "2018",
            "end_date": "2019",
            "is_current": False,
            "description": "",
        }
    ],
    "interests": [{"name": "Cờ tướng", "keywords": ["khai cuộc"]}],
    "references": [{"name": "Trần Hà", "reference": "Rất đáng tin."}],
    "theme": "academic",
    "accent_color": "#25407a",
    "paper_size": "LETTER",
}


@pytest.fixture
def candidate(app: APIFlask) -> User:
    user: User = CandidateFactory(email="thao@example.com", full_name="Nguyễn Thị Phương Thảo", phone_number="0901234567")
    db.session.commit()
    return user


@pytest.fixture
def caller(candidate: User, sign_in: SignIn) -> FlaskClient:
    """The candidate, signed in."""
    return sign_in(candidate)


@pytest.fixture
def picture() -> Callable[[], io.BytesIO]:
    """A small PNG, fresh on every call."""

    def made() -> io.BytesIO:
        file = io.BytesIO()
        Image.new("RGB", (8, 8), "navy").save(file, "PNG")
        file.seek(0)
        return file

    return made


@pytest.fixture
def board(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Board:
    return Board(committed_app, monkeypatch, FULL)
