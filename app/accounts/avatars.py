"""`/media/avatar/`: the pictures of users, which anybody may see."""

from apiflask import APIBlueprint
from flask import Response
from sqlalchemy import select

from app.accounts.models import User
from app.core.auth import public
from app.core.contract import NOT_MODIFIED, answers_also, returns_file
from app.core.problems import NotFound
from app.core.storage import StoredFile, send_picture
from app.extensions import db

blp = APIBlueprint("avatars", __name__, tag="Accounts")


@blp.get("/media/avatar/<int:file_id>/")
@public
@returns_file("image/*")
@answers_also(304, NOT_MODIFIED)
def get_avatar(file_id: int) -> Response:
    """A user's present picture. The address changes with the picture, so it may be kept for ever."""
    is_avatar = select(User.id).where(User.avatar_id == StoredFile.id).exists()
    stored = db.session.scalar(select(StoredFile).where(StoredFile.id == file_id, is_avatar))
    if stored is None:
        raise NotFound
    return send_picture(stored)
