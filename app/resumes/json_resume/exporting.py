"""From a résumé to a JSON Resume document; `importing` reads it back."""

from typing import Any

from app.resumes.json_resume.document import (
    SCHEMA_URL,
    Basics,
    Certificate,
    Education,
    JsonResume,
    Language,
    Location,
    Meta,
    Profile,
    Project,
    Skill,
    Work,
)
from app.resumes.json_resume.importing import WEBSITE
from app.resumes.json_resume.levels import word_of
from app.resumes.json_resume.prose import split
from app.resumes.models import Resume

Row = dict[str, Any]


def to_document(resume: Resume) -> JsonResume:
    """The résumé as a document. Values were checked when they came in, and are not checked again."""
    return JsonResume.model_construct(
        schema_url=SCHEMA_URL,
        basics=_basics(resume),
        work=[_work(row) for row in resume.experience],
        education=[_education(row) for row in resume.education],
        certificates=[_certificate(row) for row in resume.certifications],
        skills=[Skill.model_construct(name=row["name"], level=word_of(row["level"])) for row in resume.skill_items],
        languages=[Language.model_construct(language=row["name"], fluency=row.get("level", "")) for row in resume.languages],
        projects=[_project(row) for row in resume.projects],
        meta=Meta.model_construct(version="v1.0.0", theme=resume.theme),
    )


def _basics(resume: Resume) -> Basics:
    links = list(resume.links)
    site = links.pop(0)["url"] if links and links[0].get("label") == WEBSITE else None
    return Basics.model_construct(
        name=resume.full_name,
        label=resume.title,
        email=resume.email,
        phone=resume.phone,
        url=site,
        summary=resume.summary,
        location=Location.model_construct(address=resume.address) if resume.address else None,
        profiles=[Profile.model_construct(network=row.get("label", ""), url=row["url"]) for row in links],
    )


def _period(row: Row) -> dict[str, Any]:
    text, highlights = split(row.get("description", ""))
    return {"start_date": row.get("start_date"), "end_date": row.get("end_date"), "summary": text, "highlights": highlights}


def _work(row: Row) -> Work:
    named = {"name": row.get("company", ""), "position": row.get("position", ""), "location": row.get("location", "")}
    return Work.model_construct(**named, **_period(row), keywords=row.get("technologies", []))


def _education(row: Row) -> Education:
    gpa = row.get("gpa")
    return Education.model_construct(
        **_period(row),
        institution=row.get("institution", ""),
        area=row.get("field_of_study", ""),
        study_type=row.get("degree", ""),
        score="" if gpa is None else str(gpa),
    )


def _certificate(row: Row) -> Certificate:
    return Certificate.model_construct(
        name=row["name"],
        date=row.get("issue_date"),
        url=row.get("url"),
        issuer=row.get("issuing_organization", ""),
        expiration_date=row.get("expiration_date"),
        credential_id=row.get("credential_id", ""),
    )


def _project(row: Row) -> Project:
    text, highlights = split(row.get("description", ""))
    return Project.model_construct(
        name=row["name"],
        description=text,
        highlights=highlights,
        keywords=row.get("technologies", []),
        start_date=row.get("start_date"),
        end_date=row.get("end_date"),
        url=row.get("url"),
        roles=[row["role"]] if row.get("role") else [],
    )
