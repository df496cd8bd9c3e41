"""Adding, changing, finding and deleting companies; their jobs follow in the same transaction."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, text, true
from sqlalchemy.exc import IntegrityError

from app.accounts.models import User
from app.companies.errors import CompanyNameTaken, CompanyNotFound
from app.companies.models import Company
from app.companies.schemas import CompanySummary
from app.core.auth import Role
from app.core.clock import now
from app.core.storage import save
from app.core.uploads import Upload
from app.extensions import db
from app.jobs import company_jobs
from app.search.text import fold

_SHOWN_WITH_JOBS = frozenset(CompanySummary.model_fields) | {"logo_id"}
_LIVE = Company.deleted_at.is_(None)


def create(owner: User, values: Mapping[str, Any], logo: Upload | None) -> Company:
    """Add a company of `owner`. Raises CompanyNameTaken."""
    company = Company(owner_id=owner.id, **_storable(values))
    with _name_is_free():
        db.session.add(company)
        _set_logo(company, owner, logo)
    return company


def update(actor: User, company_id: int, changes: Mapping[str, Any], logo: Upload | None) -> Company:
    """Set the given fields; a null `logo` removes the picture. Its jobs show the change at once. Raises CompanyNotFound, CompanyNameTaken."""
    company = _lock(actor, company_id)
    before = {name: getattr(company, name) for name in _SHOWN_WITH_JOBS}
    with _name_is_free():
        for name, value in _storable(changes).items():
            setattr(company, name, value)
        if "logo" in changes and logo is None:
            company.logo_id = None
        _set_logo(company, actor, logo)
    if any(getattr(company, name) != value for name, value in before.items()):
        company_jobs.refresh(company.id)
    return company


def delete(actor: User, company_id: int) -> None:
    """Hide the company, and close and hide its jobs. Raises CompanyNotFound."""
    company = _lock(actor, company_id)
    company.deleted_at = now()
    company_jobs.hide(company.id)


def get(company_id: int) -> Company:
    """The live company of that id. Raises CompanyNotFound."""
    company = db.session.scalar(select(Company).where(Company.id == company_id, _LIVE))
    if company is None:
        raise CompanyNotFound
    return company


def find_own(owner: User, company_id: int) -> Company | None:
    """The live company of that id if it belongs to `owner`, kept from being deleted until the transaction ends."""
    own = select(Company).where(Company.id == company_id, Company.owner_id == owner.id, _LIVE)
    return db.session.scalar(own.with_for_update(read=True, of=Company))


def listing(*, owner: User | None, words: str | None) -> Select[Company]:
    """The live companies, of `owner` only if given, whose name holds `words` without regard to case and accents."""
    found = select(Company).where(_LIVE)
    if owner is not None:
        found = found.where(Company.owner_id == owner.id)
    return found.where(_folded_name().contains(fold(words), autoescape=True)) if words else found


def open_jobs(companies: Sequence[Company]) -> dict[int, int]:
    """How many postings of each take applications now, by company id. One query."""
    return company_jobs.count_open([company.id for company in companies])


def _lock(actor: User, company_id: int) -> Company:
    mine = true() if actor.user_type == Role.ADMIN else Company.owner_id == actor.id
    company = db.session.scalar(
        select(Company)
        .where(Company.id == company_id, mine, _LIVE)
        .with_for_update(of=Company, key_share=True)
        .execution_options(populate_existing=True)
    )
    if company is None:
        raise CompanyNotFound
    return company


def _storable(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns' values: an optional text that is null is stored empty; only the website may be unknown."""
    return {name: "" if value is None and name != "website" else value for name, value in values.items() if name != "logo"}


def _set_logo(company: Company, uploader: User, logo: Upload | None) -> None:
    if logo is not None:
        company.logo_id = save(logo.data, folder="logos", name=logo.name, content_type=logo.content_type, owner_id=uploader.id).id


@contextmanager
def _name_is_free() -> Iterator[None]:
    """Write what the block changes. Raises CompanyNameTaken when a live company has the name."""
    try:
        with db.session.begin_nested():
            yield
            db.session.flush()
    except IntegrityError as error:
        if "uq_companies_live_name" not in str(error.orig):
            raise
        raise CompanyNameTaken from error


def _folded_name() -> ColumnElement[str]:
    """The name as `fold` would write it: decomposed, without its marks, đ as d, in lower case."""
    plain = func.regexp_replace(func.normalize(Company.name, text("NFD")), "[\u0300-\u036f]", "", "g")
    return func.lower(func.translate(plain, "đĐ", "dd"))
