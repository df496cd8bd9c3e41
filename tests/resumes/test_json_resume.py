"""JSON Resume: the project's own samples come in and go out again without loss, and what does not fit is reported.

`data/jsonresume/` holds the samples of jsonresume.org (MIT licence): that of schema 1.0.0 and those of the package `@jsonresume/schema` 1.3.1.
"""

import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft4Validator
from sqlalchemy import func, select

from app.extensions import db
from app.resumes.json_resume.document import MOST_VALUES, SCHEMA, without_empty
from app.resumes.json_resume.levels import level_of, word_of
from app.resumes.json_resume.prose import join, split
from app.resumes.models import Resume
from tests.factories import CandidateFactory
from tests.resumes.conftest import FULL

URL = "/api/v1/resumes/"
SAMPLES = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted((Path(__file__).parent / "data/jsonresume").glob("*.json"))}
SAMPLE = SAMPLES["sample-1.0.0"]
IMAGE = {"field": "basics.image", "reason": "A picture is not fetched from its address. Upload it as the résumé's photo."}


def faults(document: dict[str, Any]) -> list[str]:
    """What the published schema has against a document."""
    return [fault.message for fault in Draft4Validator(SCHEMA).iter_errors(document)]


@pytest.fixture
def bring_in(caller: FlaskClient) -> Callable[[dict[str, Any]], Any]:
    """Import a document; the answer's body."""

    def imported(document: dict[str, Any]) -> Any:
        answer = caller.post(f"{URL}import/", json=document)
        assert answer.status_code == 201, answer.json
        return answer.json

    return imported


@pytest.fixture
def export(caller: FlaskClient) -> Callable[[int], Any]:
    """A résumé as a document."""
    return lambda resume_id: caller.get(f"{URL}{resume_id}/export/").json


def test_the_schema_is_the_published_one() -> None:
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-04/schema#"
    assert len(SCHEMA["properties"]) == 14
    assert set(SAMPLES) == {"career-changer", "new-grad", "sample-1.0.0", "sample-1.3.1", "senior-engineer"}


@pytest.mark.parametrize("name", SAMPLES)
def test_an_official_sample_comes_back_without_loss(bring_in: Any, export: Any, name: str) -> None:
    document = without_empty(SAMPLES[name])

    imported = bring_in(SAMPLES[name])
    exported = export(imported["id"])

    assert {**exported, "$schema": ""} == {**document, "$schema": ""}
    assert faults(exported) == []
    assert imported["not_taken"] == ([IMAGE] if "image" in document["basics"] else [])


def test_the_projects_sample_becomes_a_resume(bring_in: Any) -> None:
    resume = bring_in(SAMPLE)

    assert (resume["title"], resume["full_name"], resume["email"]) == ("Programmer", "Richard Hendriks", "richard.hendriks@mail.com")
    assert resume["address"] == "2712 Broadway St, San Francisco, California, CA 94115, US"
    assert resume["links"] == [
        {"label": "Website", "url": "http://richardhendricks.example.com"},
        {"label": "Twitter", "url": None, "username": "neutralthoughts"},
        {"label": "SoundCloud", "url": "https://soundcloud.example.com/dandymusicnl", "username": "dandymusicnl"},
    ]
    assert [(row["company"], row["position"], row["start_date"], row["is_current"], row["url"]) for row in resume["experience"]] == [
        ("Pied Piper", "CEO/President", "2013-12-01", False, "http://piedpiper.example.com")
    ]
    assert resume["volunteer"] == [
        {
            "organization": "CoderDojo",
            "position": "Teacher",
            "start_date": "2012-01-01",
            "end_date": "2013-01-01",
            "is_current": False,
            "url": "http://coderdojo.example.com/",
            "description": "Global movement of free coding clubs for young people.\n• Awarded 'Teacher of the Month'",
        }
    ]
    assert resume["education"] == [
        {
            "institution": "University of Oklahoma",
            "degree": "Bachelor",
            "field_of_study": "Information Technology",
            "start_date": "2011-06-01",
            "end_date": "2014-01-01",
            "gpa": "4.0",
            "description": "• DB1101 - Basic SQL\n• CS2011 - Java Introduction",
            "url": "https://www.ou.edu/",
        }
    ]
    assert resume["awards"] == [
        {"title": "Digital Compression Pioneer Award", "awarder": "Techcrunch", "date": "2014-11-01", "description": "There is no spoon."}
    ]
    assert [(row["name"], row["publisher"], row["release_date"]) for row in resume["publications"]] == [
        ("Video compression for 3d media", "Hooli", "2014-10-01")
    ]
    assert resume["skills"] == ["Web Development", "HTML", "CSS", "Javascript", "Compression", "Mpeg", "MP4", "GIF"]
    assert {row["level"] for row in resume["skill_items"]} == {5}
    assert resume["languages"] == [{"name": "English", "level": "Native speaker"}]
    assert resume["interests"] == [{"name": "Wildlife", "keywords": ["Ferrets", "Unicorns"]}]
    assert [row["name"] for row in resume["references"]] == ["Erlich Bachman"]
    assert [(row["name"], row["role"], row["url"], row["entity"], row["type"]) for row in resume["projects"]] == [
        ("Miss Direction", "Team lead, Designer", "https://missdirection.example.com", "Smoogle", "application")
    ]


def test_a_resume_written_here_survives_the_way_out_and_in(caller: FlaskClient, bring_in: Any, export: Any) -> None:
    job = {**FULL["experience"][0], "technologies": ["Airflow"], "url": "https://saomai.example.com"}
    ended = {"company": "Cũ", "position": "", "start_date": "2019", "end_date": None, "is_current": False, "description": "- a\n- b\n\n• c\nd"}
    links = [{"label": "Website", "url": "https://duc.example.com"}, *FULL["links"]]
    created = caller.post(URL, json={**FULL, "skill_items": [{"name": "Go", "level": 1}], "experience": [job, ended], "links": links}).json

    document = export(created["id"])
    imported = bring_in(document)

    assert faults(document) == []
    assert document["work"][0]["highlights"] == ["40 bảng", "12 báo cáo"]
    assert document["certificates"][0]["credentialId"] == "ABC-1"
    assert document["meta"] == {"version": "v1.0.0", "theme": "academic", "accentColor": "#25407a", "paperSize": "LETTER"}
    as_text = {**created, "education": [{**created["education"][0], "gpa": "3.6"}], "not_taken": []}
    own = {"id", "is_primary", "created_at", "updated_at"}
    assert {name: value for name, value in imported.items() if name not in own} == {name: value for name, value in as_text.items() if name not in own}
    assert export(imported["id"]) == document


def test_an_edit_changes_its_own_row_of_the_export_alone(caller: FlaskClient, bring_in: Any, export: Any) -> None:
    resume = bring_in(SAMPLE)
    before = export(resume["id"])
    project = {**resume["projects"][0], "name": "Mister Direction"}
    skills = [{**row, "level": 2} if row["name"] == "HTML" else row for row in resume["skill_items"]]

    caller.patch(f"{URL}{resume['id']}/", json={"projects": [project], "skill_items": skills, "address": "Huế", "experience": resume["experience"]})
    after = export(resume["id"])

    assert {name for name in before if before[name] != after[name]} == {"basics", "projects", "skills"}
    assert after["projects"][0]["roles"] == ["Team lead, Designer"]
    assert after["projects"][0]["name"] == "Mister Direction"
    assert after["skills"] == [
        {"name": "Web Development", "level": "Expert"},
        {"name": "HTML", "level": "Elementary"},
        {"name": "CSS", "level": "Expert"},
        {"name": "Javascript", "level": "Expert"},
        SAMPLE["skills"][1],
    ]
    assert after["basics"]["location"] == {"address": "Huế"}
    assert {**after["basics"], "location": ""} == {**before["basics"], "location": ""}
    assert faults(after) == []


def test_an_empty_resume_exports_a_valid_document(caller: FlaskClient, export: Any) -> None:
    resume_id = caller.post(URL, json={"title": "x"}).json["id"]

    document = export(resume_id)

    assert faults(document) == []
    assert set(document) == {"$schema", "basics", "meta"}


PERSON = {"basics": {"name": "x", "label": "y"}}
LONG = "z" * 5001


@pytest.mark.parametrize(
    ("part", "places"),
    [
        ({"basics": {"name": "x", "email": "nobody"}}, ["basics.email"]),
        ({"basics": {"name": "x", "url": "javascript:alert(1)"}}, ["basics.url"]),
        ({"basics": {"name": "x", "summary": LONG}}, ["basics.summary"]),
        ({"basics": {"name": "x", "label": "l" * 256}}, ["basics.label"]),
        ({"basics": {"name": "x", "twitter": "@x", "location": {"planet": "Mars"}}}, ["basics.twitter", "basics.location.planet"]),
        ({"basics": {"name": "x", "location": {"address": "a" * 300}}}, ["basics.location"]),
        (
            {"basics": {"name": "x", "profiles": [{"network": "n"}, {"url": "file:///x"}]}},
            ["basics.profiles.0", "basics.profiles.1.url", "basics.profiles.1"],
        ),
        ({"basics": {"name": "x", "profiles": [{"username": f"u{n}"} for n in range(22)]}}, ["basics.profiles.20", "basics.profiles.21"]),
        ({"work": [{"name": "A", "startDate": "2020", "endDate": "2019"}]}, ["work.0.endDate"]),
        ({"work": [{"name": "A", "startDate": "2020-13"}]}, ["work.0.startDate"]),
        ({"work": [{"name": "A", "highlights": ["y" * 4000] * 2, "summary": "s"}]}, ["work.0.highlights"]),
        ({"work": [{"summary": "nobody"}, {"name": "B"}]}, ["work.0"]),
        ({"work": [{"name": "A", "url": "nowhere"}]}, ["work.0.url"]),
        ({"work": [{"name": "A", "keywords": ["k", "w" * 121, "m"]}]}, ["work.0.keywords.1"]),
        ({"work": [{"name": f"n{n}"} for n in range(52)]}, ["work.50", "work.51"]),
        ({"certificates": [{"name": "C", "date": "May 2020"}]}, ["certificates.0.date"]),
        ({"certificates": [{"name": "C", "level": "1"}]}, ["certificates.0.level"]),
        ({"interests": [{"name": "I", "keywords": [f"k{n}" for n in range(52)]}]}, ["interests.0.keywords.50"]),
        ({"publications": [{"publisher": "P"}]}, ["publications.0"]),
        ({"skills": [{"level": "Master"}, {"name": "s" * 121, "keywords": ["k"]}]}, ["skills.0", "skills.1.name"]),
        ({"skills": [{"name": "A", "keywords": [f"k{n}" for n in range(99)]}, {"name": "B"}]}, ["skills.1"]),
        ({"work": [{"name": "A", "isCurrent": {"since": 2020}}]}, ["work.0.isCurrent"]),
        ({"education": [{"institution": "E", "summary": ["good"]}]}, ["education.0.summary"]),
        ({"meta": {"theme": "elegant"}}, ["meta.theme"]),
        ({"meta": {"theme": ["modern"]}}, ["meta.theme"]),
        ({"meta": {"accentColor": "red", "paperSize": "A5"}}, ["meta.paperSize", "meta.accentColor"]),
    ],
)
def test_what_a_resume_cannot_hold_is_left_out_and_named(bring_in: Any, export: Any, part: dict[str, Any], places: list[str]) -> None:
    resume = bring_in({**PERSON, **part})

    assert [note["field"] for note in resume["not_taken"]] == places
    assert all(note["reason"] for note in resume["not_taken"])
    assert faults(export(resume["id"])) == []


def test_the_rest_of_a_row_stays(bring_in: Any) -> None:
    row = {"name": "A", "url": "nowhere", "startDate": "2020", "endDate": "2019", "keywords": ["k", "w" * 121, "m"], "boss": "B", "summary": "s"}

    resume = bring_in({**PERSON, "work": [row]})

    assert resume["experience"] == [
        {
            "company": "A",
            "position": "",
            "start_date": "2020",
            "end_date": None,
            "is_current": True,
            "description": "s",
            "technologies": ["k", "m"],
        }
    ]
    assert {note["field"]: note["reason"] for note in resume["not_taken"]} == {
        "work.0.boss": "A résumé has no place for this.",
        "work.0.url": "Give a web address such as https://example.com.",
        "work.0.keywords.1": "String should have at most 120 characters",
        "work.0.endDate": "The end is before the start.",
    }


def test_a_report_ends_at_200_places(bring_in: Any) -> None:
    resume = bring_in({**PERSON, "work": [{"url": "x"}] * 300})

    assert len(resume["not_taken"]) == 200


def test_nulls_and_empty_texts_count_as_absent(bring_in: Any, export: Any) -> None:
    resume = bring_in({"basics": {"name": " x ", "email": "", "phone": None, "location": {}}, "work": [{"name": "A", "endDate": ""}], "awards": None})

    assert resume["not_taken"] == []
    assert resume["title"] == "x"
    assert export(resume["id"])["work"] == [{"name": "A"}]


def test_a_title_that_was_borrowed_is_not_given_out_as_a_label(caller: FlaskClient, bring_in: Any, export: Any) -> None:
    resume = bring_in({"basics": {"name": "x"}, "work": [{"position": "Baker"}]})

    assert resume["title"] == "Baker"
    assert "label" not in export(resume["id"])["basics"]

    caller.patch(f"{URL}{resume['id']}/", json={"title": "Pastry chef"})
    assert export(resume["id"])["basics"]["label"] == "Pastry chef"


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = {}
    for _ in range(depth):
        inner = {"x": inner, "y": 1}
    return inner


@pytest.mark.parametrize(
    ("document", "fields"),
    [
        ({}, ["basics"]),
        ({"basics": {"summary": "x"}}, ["basics"]),
        ({"basics": "x"}, ["basics"]),
        ({"basics": {"name": 7}}, ["basics.name"]),
        ({**PERSON, "hobbies": [1]}, ["hobbies"]),
        ({**PERSON, "work": [{"name": "A", "startDate": "May"}]}, ["work.0.startDate"]),
        ({**PERSON, "work": {"name": "x"}, "skills": ["Go"]}, ["work", "skills.0"]),
        ({**PERSON, "references": [{"name": "x\x00"}]}, ["references"]),
        ({"basics": {"name": "x", "deep": nested(20)}}, ["non_field_errors"]),
        ({"basics": {"name": "x", "wide": ["y"] * MOST_VALUES}}, ["non_field_errors"]),
    ],
)
def test_a_document_that_does_not_fit_the_schema_is_refused_and_writes_nothing(
    caller: FlaskClient, document: dict[str, Any], fields: list[str]
) -> None:
    answer = caller.post(f"{URL}import/", json=document)

    assert answer.status_code == 400
    assert sorted(answer.json["errors"]) == sorted(fields)
    assert db.session.scalar(select(func.count()).select_from(Resume)) == 0


@pytest.mark.parametrize("body", [b"[]", b'"x"', b"{", b"null"])
def test_what_is_no_object_is_refused(caller: FlaskClient, body: bytes) -> None:
    answer = caller.post(f"{URL}import/", data=body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.content_type == "application/problem+json"


def test_others_cannot_export_it(client: FlaskClient, bring_in: Any, sign_in: Any) -> None:
    resume_id = bring_in(SAMPLE)["id"]

    assert sign_in(CandidateFactory()).get(f"{URL}{resume_id}/export/").status_code == 404


def test_the_api_document_shows_the_schema_without_references(client: FlaskClient) -> None:
    document = client.get("/api/openapi.json").json

    schema = document["components"]["schemas"]["JsonResume"]
    assert schema["properties"]["work"]["items"]["properties"]["startDate"]["type"] == "string"
    assert "$ref" not in json.dumps(schema)


@pytest.mark.parametrize("level", [1, 2, 3, 4, 5])
def test_a_level_survives_its_word(level: int) -> None:
    assert level_of(word_of(level)) == level


@pytest.mark.parametrize(("word", "level"), [("Master", 5), (" expert ", 5), ("4", 4), ("", 3), ("ninja", 3)])
def test_words_of_others_are_understood(word: str, level: int) -> None:
    assert level_of(word) == level


WORDS = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)


@settings(deadline=None)
@given(WORDS | st.just(""), st.lists(WORDS, max_size=4))
def test_text_and_highlights_come_apart_again(text: str, highlights: list[str]) -> None:
    assert split(join(text, highlights)) == (text, highlights)


@settings(deadline=None)
@given(st.text(st.sampled_from("ab• -\n")))
def test_a_description_is_the_same_after_it_came_apart(description: str) -> None:
    text, points = split(description)

    assert join(text, points) == description or (points == [] and text == description)


@settings(deadline=None)
@given(st.recursive(st.none() | st.just("") | st.text("ab", min_size=1), lambda inner: st.lists(inner) | st.dictionaries(st.text("xy"), inner)))
def test_what_is_left_of_a_value_has_nothing_empty_in_it(value: Any) -> None:
    copy = deepcopy(value)

    cleaned = without_empty(value)

    assert value == copy
    assert without_empty(cleaned) == cleaned
