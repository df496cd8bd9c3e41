"""From a JSON Resume document to the fields of a résumé."""

from typing import Any

from app.resumes.errors import NothingToImport
from app.resumes.json_resume.document import Basics, Dated, Education, JsonResume, Location, Skill
from app.resumes.json_resume.levels import level_of
from app.resumes.json_resume.prose import join
from app.resumes.schemas import ResumeCreate, Theme

WEBSITE = "Website"


def to_resume(document: JsonResume) -> ResumeCreate:
    """The fields of a new résumé. Raises NothingToImport, and pydantic's ValidationError for what a résumé cannot hold."""
    basics = document.basics or Basics()
    title = basics.label or next((work.position for work in document.work if work.position), "") or basics.name
    if not title:
        raise NothingToImport
    return ResumeCreate.model_validate(
        {
            "title": title[:255],
            "full_name": basics.name,
            "email": basics.email,
            "phone": basics.phone,
            "address": _address(basics.location or Location()),
            "summary": basics.summary,
            "links": _links(basics),
            "experience": _experience(document),
            "education": [_education(row) for row in document.education if row.institution or row.study_type],
            "certifications": _certifications(document),
            "skill_items": [item for skill in document.skills for item in _skills(skill)],
            "languages": [{"name": row.language, "level": row.fluency} for row in document.languages if row.language],
            "projects": _projects(document),
            "theme": _theme(document),
        }
    )


def _address(location: Location) -> str:
    parts = (location.address, location.city, location.region, location.postal_code, location.country_code)
    return ", ".join(part for part in parts if part)


def _links(basics: Basics) -> list[dict[str, Any]]:
    site = [{"label": WEBSITE, "url": basics.url}] if basics.url else []
    return site + [{"label": profile.network or profile.username, "url": profile.url} for profile in basics.profiles if profile.url]


def _experience(document: JsonResume) -> list[dict[str, Any]]:
    work = [
        {**_period(row), "company": row.name, "position": row.position, "location": row.location, "technologies": _terms(row.keywords)}
        for row in document.work
        if row.name or row.position
    ]
    unpaid = [
        {**_period(row), "company": row.organization, "position": row.position} for row in document.volunteer if row.organization or row.position
    ]
    return work + unpaid


def _period(row: Dated) -> dict[str, Any]:
    text = "\n\n".join(part for part in (row.description, row.summary) if part)
    is_current = bool(row.start_date and not row.end_date)
    return {"start_date": row.start_date, "end_date": row.end_date, "is_current": is_current, "description": join(text, row.highlights)}


def _education(row: Education) -> dict[str, Any]:
    dates = {"start_date": row.start_date, "end_date": row.end_date}
    text = {"description": join(row.summary or row.description, [*row.highlights, *row.courses])}
    return {**dates, **text, "institution": row.institution, "degree": row.study_type, "field_of_study": row.area, "gpa": row.score}


def _certifications(document: JsonResume) -> list[dict[str, Any]]:
    certificates = [
        {
            "name": row.name,
            "issuing_organization": row.issuer,
            "issue_date": row.date,
            "expiration_date": row.expiration_date,
            "credential_id": row.credential_id,
            "url": row.url,
        }
        for row in document.certificates
        if row.name
    ]
    awards = [{"name": row.title, "issuing_organization": row.awarder, "issue_date": row.date} for row in document.awards if row.title]
    return certificates + awards


def _skills(skill: Skill) -> list[dict[str, Any]]:
    return [{"name": name, "level": level_of(skill.level)} for name in _terms([skill.name, *skill.keywords])]


def _projects(document: JsonResume) -> list[dict[str, Any]]:
    projects = [
        {**_period(row), "name": row.name, "role": ", ".join(_terms(row.roles)), "url": row.url, "technologies": _terms(row.keywords)}
        for row in document.projects
        if row.name
    ]
    publications = [
        {
            "name": row.name,
            "role": row.publisher,
            "start_date": row.release_date,
            "end_date": row.release_date,
            "url": row.url,
            "description": row.summary,
        }
        for row in document.publications
        if row.name
    ]
    return projects + publications


def _terms(words: list[str]) -> list[str]:
    return [word for word in words if word]


def _theme(document: JsonResume) -> Theme:
    named = document.meta.theme if document.meta else ""
    return Theme(named) if named in set(Theme) else Theme.CLASSIC
