"""JSON Resume: the project's own sample comes in, what goes out fits its schema, and comes in again unchanged.

`data/` holds the sample and the schema of jsonresume.org, version 1.0.0 (MIT).
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.extensions import db
from app.resumes.json_resume.levels import level_of, word_of
from app.resumes.json_resume.prose import join, split
from app.resumes.models import Resume
from tests.resumes.conftest import FULL

URL = "/api/v1/resumes/"
DATA = Path(__file__).parent / "data"
SAMPLE = json.loads((DATA / "jsonresume-1.0.0-sample.json").read_text())
SCHEMA = json.loads((DATA / "jsonresume-1.0.0-schema.json").read_text())


def check(value: Any, schema: dict[str, Any]) -> None:
    """The part of JSON Schema that the resume schema uses."""
    if "$ref" in schema:
        schema = SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[-1]]
    kinds = {"object": dict, "array": list, "string": str}
    assert isinstance(value, kinds[schema["type"]]), (value, schema)
    if schema["type"] == "object":
        known = schema.get("properties", {})
        assert schema.get("additionalProperties", True) or set(value) <= set(known)
        for name in set(value) & set(known):
            check(value[name], known[name])
    if schema["type"] == "array":
        for item in value:
            check(item, schema["items"])
    if "pattern" in schema:
        assert re.search(schema["pattern"], value)


def test_the_projects_sample_becomes_a_resume(caller: FlaskClient) -> None:
    answer = caller.post(f"{URL}import/", json=SAMPLE)

    assert answer.status_code == 201
    resume = answer.json
    assert (resume["title"], resume["full_name"], resume["email"]) == ("Programmer", "Richard Hendriks", "richard.hendriks@mail.com")
    assert resume["address"] == "2712 Broadway St, San Francisco, California, CA 94115, US"
    assert resume["links"] == [
        {"label": "Website", "url": "http://richardhendricks.example.com"},
        {"label": "SoundCloud", "url": "https://soundcloud.example.com/dandymusicnl"},
    ]
    assert [(row["company"], row["position"], row["start_date"], row["is_current"]) for row in resume["experience"]] == [
        ("Pied Piper", "CEO/President", "2013-12-01", False),
        ("CoderDojo", "Teacher", "2012-01-01", False),
    ]
    assert resume["experience"][1]["description"] == "Global movement of free coding clubs for young people.\n• Awarded 'Teacher of the Month'"
    assert resume["education"] == [
        {
            "institution": "University of Oklahoma",
            "degree": "Bachelor",
            "field_of_study": "Information Technology",
            "start_date": "2011-06-01",
            "end_date": "2014-01-01",
            "gpa": "4.0",
            "description": "• DB1101 - Basic SQL\n• CS2011 - Java Introduction",
        }
    ]
    assert [row["name"] for row in resume["certifications"]] == ["Digital Compression Pioneer Award"]
    assert resume["skills"] == ["Web Development", "HTML", "CSS", "Javascript", "Compression", "Mpeg", "MP4", "GIF"]
    assert {row["level"] for row in resume["skill_items"]} == {5}
    assert resume["languages"] == [{"name": "English", "level": "Native speaker"}]
    assert [(row["name"], row["url"]) for row in resume["projects"]] == [
        ("Miss Direction", "https://missdirection.example.com"),
        ("Video compression for 3d media", "http://en.wikipedia.org/wiki/Silicon_Valley_(TV_series)"),
    ]


def test_an_export_fits_the_schema_and_comes_back_unchanged(caller: FlaskClient) -> None:
    plain = dict.fromkeys(("publications", "awards", "volunteer", "interests", "references"), []) | {
        "theme": "classic",
        "accent_color": "",
        "paper_size": "A4",
    }
    created = caller.post(URL, json={**FULL, **plain, "links": [{"label": "Website", "url": "https://duc.example.com"}, *FULL["links"]]}).json

    exported = caller.get(f"{URL}{created['id']}/export/")
    imported = caller.post(f"{URL}import/", json=exported.json).json

    assert exported.status_code == 200
    check(exported.json, SCHEMA)
    assert exported.json["basics"]["label"] == "Kỹ sư dữ liệu"
    assert exported.json["work"][0]["highlights"] == ["40 bảng", "12 báo cáo"]
    assert exported.json["certificates"][0]["credentialId"] == "ABC-1"
    assert exported.json["meta"] == {"version": "v1.0.0", "theme": "classic"}
    as_text = {**created, "education": [{**created["education"][0], "gpa": "3.6"}]}
    own = {"id", "is_primary", "created_at", "updated_at"}
    assert {name: value for name, value in imported.items() if name not in own} == {name: value for name, value in as_text.items() if name not in own}


def test_an_empty_resume_exports_a_valid_document(caller: FlaskClient) -> None:
    resume_id = caller.post(URL, json={"title": "x"}).json["id"]

    document = caller.get(f"{URL}{resume_id}/export/").json

    check(document, SCHEMA)
    assert set(document) == {"$schema", "basics", "meta"}


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ({}, "basics"),
        ({"basics": {"summary": "x"}}, "basics"),
        ({"basics": "x"}, "basics"),
        ({"basics": {"name": 7}}, "basics.name"),
        ({"basics": {"name": "x", "email": "nobody"}}, "basics.email"),
        ({"basics": {"name": "x", "url": "javascript:alert(1)"}}, "basics.url"),
        ({"basics": {"name": "x"}, "hobbies": []}, "hobbies"),
        ({"basics": {"name": "x"}, "work": [{"name": "A", "startDate": "May"}]}, "work.0.startDate"),
        ({"basics": {"name": "x"}, "work": {}}, "work"),
        ({"basics": {"name": "x"}, "work": [{"name": "A", "startDate": "2020", "endDate": "2019"}]}, "experience.0.end_date"),
        ({"basics": {"name": "x"}, "work": [{"name": "A", "highlights": ["y" * 4000] * 2}]}, "experience.0.description"),
        ({"basics": {"name": "x"}, "skills": [{"name": "A", "keywords": ["b"] * 100}] * 2}, "skill_items"),
        ({"basics": {"name": "x", "summary": "a\x00"}}, "basics"),
    ],
)
def test_a_bad_document_names_what_is_wrong_and_writes_nothing(caller: FlaskClient, document: dict[str, Any], field: str) -> None:
    answer = caller.post(f"{URL}import/", json=document)

    assert answer.status_code == 400
    assert list(answer.json["errors"]) == [field]
    assert db.session.scalar(select(func.count()).select_from(Resume)) == 0


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"{", b"null"])
def test_what_is_no_object_is_refused(caller: FlaskClient, body: bytes) -> None:
    answer = caller.post(f"{URL}import/", data=body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_a_level_survives_its_word(level: int) -> None:
    assert level_of(word_of(level)) == level


@pytest.mark.parametrize(("word", "level"), [("Master", 5), (" expert ", 5), ("4", 4), ("", 3), ("ninja", 3)])
def test_words_of_others_are_understood(word: str, level: int) -> None:
    assert level_of(word) == level


WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)


@given(WORDS | st.just(""), st.lists(WORDS, max_size=4))
def test_text_and_highlights_come_apart_again(text: str, highlights: list[str]) -> None:
    assert split(join(text, highlights)) == (text, highlights)
