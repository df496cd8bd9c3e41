"""Which stored files are logos that anybody may see."""

from sqlalchemy import select

from app.companies.models import Company
from app.core.problems import NotFound
from app.core.storage import StoredFile
from app.extensions import db


def get(file_id: int) -> StoredFile:
    """The file if it is a company's present logo; a deleted company's too, since old applications show it. Raises NotFound."""
    is_logo = select(Company.id).where(Company.logo_id == StoredFile.id).exists()
    stored = db.session.scalar(select(StoredFile).where(StoredFile.id == file_id, is_logo))
    if stored is None:
        raise NotFound
    return stored
