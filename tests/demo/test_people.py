"""Invented people, and the demo candidate's résumé."""

import re
import unicodedata

from app.core.text import slugify
from app.demo.people import SAMPLE_RESUME, people


def test_the_same_seed_gives_the_same_people_and_a_longer_list_begins_with_the_shorter() -> None:
    assert people(7, 200)[:50] == people(7, 50)
    assert people(7, 50) != people(8, 50)


def test_people_have_full_accented_names_their_own_addresses_and_numbers() -> None:
    made = people(7, 5000)

    assert [person.index for person in made] == list(range(5000))
    assert len({person.email for person in made}) == 5000
    for person in made:
        assert unicodedata.is_normalized("NFC", person.full_name)
        assert 3 <= len(person.full_name.split()) <= 4
        assert re.fullmatch(r"[a-z]+\.[a-z]+\d*@example\.com", person.email), person
        assert person.email.startswith(f"{slugify(person.full_name.split()[-1])}.")
        assert re.fullmatch(r"095\d{7}", person.phone_number), person


def test_names_vary_as_they_do_in_viet_nam() -> None:
    made = people(7, 5000)

    nguyens = sum(person.full_name.startswith("Nguyễn ") for person in made)
    assert 0.25 < nguyens / 5000 < 0.42
    assert len({person.full_name for person in made}) > 3500


def test_the_sample_resume_has_every_section_of_the_api() -> None:
    assert set(SAMPLE_RESUME) == {
        *("title", "full_name", "email", "phone", "address", "summary", "skills", "skill_items", "experience", "education"),
        *("certifications", "languages", "projects", "links"),
    }
    assert SAMPLE_RESUME["email"] == "candidate@demo.com"
    assert [item["name"] for item in SAMPLE_RESUME["skill_items"]] == SAMPLE_RESUME["skills"]
    assert all(1 <= item["level"] <= 5 for item in SAMPLE_RESUME["skill_items"])


def test_the_rows_of_the_sample_resume_have_the_fields_of_the_api() -> None:
    fields = {section: set(rows[0]) for section, rows in SAMPLE_RESUME.items() if section not in {"skills"} and isinstance(rows, list)}

    assert fields["skill_items"] == {"id", "name", "level"}
    assert fields["experience"] == {"company", "position", "start_date", "end_date", "is_current", "description"}
    assert fields["education"] == {"institution", "degree", "field_of_study", "start_date", "end_date", "gpa"}
    assert fields["certifications"] == {"name", "issuing_organization", "issue_date", "expiration_date", "credential_id"}
    assert all(set(row) == fields[section] for section in fields for row in SAMPLE_RESUME[section])
