"""`/companies/`: employers, and a recruiter's figures; their logos."""

from typing import Any

from apiflask import APIBlueprint
from flask import Response

from app.accounts.models import User
from app.companies import logos, service, stats
from app.companies.models import Company
from app.companies.schemas import CompanyCreate, CompanyOut, CompanyPatch, CompanyQuery, CompanyStats
from app.core.auth import Role, WrongRole, current_actor, public, require
from app.core.contract import NOT_MODIFIED, accepts, answers_also, queries, returns, returns_file
from app.core.pagination import Page, page, page_of, paginate
from app.core.storage import send_picture
from app.core.unit_of_work import unit_of_work
from app.core.uploads import Upload, read_image

blp = APIBlueprint("companies", __name__, tag="Companies")
CompanyPage = page_of(CompanyOut)
_ORDERINGS = {"name": Company.name, "created_at": Company.created_at, "updated_at": Company.updated_at}


@blp.get("/companies/")
@public
@queries(CompanyQuery)
@returns(CompanyPage)
def list_companies(query: CompanyQuery) -> Page[CompanyOut]:
    """Employers, newest first; with `mine=true` a recruiter's own."""
    listing = service.listing(owner=_recruiter() if query.mine else None, words=query.q or query.search)
    rows, total = paginate(listing, query, orderings=_ORDERINGS, tie=Company.id)
    open_jobs = service.open_jobs(rows)
    return page(CompanyPage, rows, total, query, lambda company: CompanyOut.of(company, open_jobs.get(company.id, 0)))


@blp.post("/companies/")
@require(Role.RECRUITER)
@accepts(CompanyCreate, multipart=True)
@returns(CompanyOut, 201)
def create_company(data: CompanyCreate) -> CompanyOut:
    """Add a company of yours; a logo comes as multipart."""
    with unit_of_work():
        company = service.create(current_actor(), *_with_logo(data.given()))
        return CompanyOut.of(company, open_jobs=0)


@blp.get("/companies/stats/")
@require(Role.RECRUITER)
@returns(CompanyStats)
def get_stats() -> CompanyStats:
    """Your postings, readers, credits and applications, over all your companies."""
    return stats.of_recruiter(current_actor())


@blp.get("/companies/<int:company_id>/")
@public
@returns(CompanyOut)
def get_company(company_id: int) -> CompanyOut:
    """One employer."""
    return _out(service.get(company_id))


@blp.patch("/companies/<int:company_id>/")
@require(Role.RECRUITER, Role.ADMIN)
@accepts(CompanyPatch, multipart=True)
@returns(CompanyOut)
def update_company(company_id: int, data: CompanyPatch) -> CompanyOut:
    """Change a company of yours; all its jobs show the new name and logo at once."""
    with unit_of_work():
        return _out(service.update(current_actor(), company_id, *_with_logo(data.given())))


@blp.delete("/companies/<int:company_id>/")
@require(Role.RECRUITER, Role.ADMIN)
@returns(None)
def delete_company(company_id: int) -> None:
    """Hide a company of yours, and close and hide its jobs; applications to them stay."""
    with unit_of_work():
        service.delete(current_actor(), company_id)


@blp.get("/media/logo/<int:file_id>/")
@public
@returns_file("image/*")
@answers_also(304, NOT_MODIFIED)
def get_logo(file_id: int) -> Response:
    """A company's logo. The address changes with the picture, so it may be kept for ever."""
    return send_picture(logos.get(file_id))


def _with_logo(values: dict[str, Any]) -> tuple[dict[str, Any], Upload | None]:
    return values, read_image(values["logo"]) if values.get("logo") else None


def _out(company: Company) -> CompanyOut:
    return CompanyOut.of(company, service.open_jobs([company]).get(company.id, 0))


def _recruiter() -> User:
    """The signed-in recruiter. Raises Unauthorized, WrongRole."""
    actor = current_actor()
    if actor.user_type != Role.RECRUITER:
        raise WrongRole
    return actor
