"""Files behind fsspec: a folder by default, an S3 bucket in production. Every stored file has a row, and a random key.

The bytes are written before the row commits; a file whose row never came is removed by the orphan sweep.
"""

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import BinaryIO, Literal, cast

import fsspec
from flask import Response, current_app, request
from sqlalchemy import BigInteger, ForeignKey, Identity, func, select
from sqlalchemy.orm import Mapped, mapped_column
from werkzeug.http import dump_options_header

from app.core.problems import NotFound
from app.core.text import unaccented
from app.extensions import Model, db

CHUNK = 64 * 1024


class StoredFile(Model):
    """A file in the storage. `name` is what the uploader called it, `size` is bytes, `sha256` the hex digest of the content."""

    __tablename__ = "stored_files"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    content_type: Mapped[str]
    size: Mapped[int]
    sha256: Mapped[str]
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(db.DateTime(timezone=True), server_default=func.now())


def save(data: bytes, *, folder: str, name: str, content_type: str, owner_id: int | None) -> StoredFile:
    """Write `data` under a fresh random key in `folder` and add its row to the open transaction. What fails leaves no bytes behind."""
    return save_chunks([data], folder=folder, name=name, content_type=content_type, owner_id=owner_id)


def save_chunks(chunks: Iterable[bytes], *, folder: str, name: str, content_type: str, owner_id: int | None) -> StoredFile:
    """The same for a file that is made piece by piece, of which no more than a piece is in the memory.

    The transaction that gets the row is the one which is open when the last piece has been made. What fails leaves no bytes behind.
    """
    key = f"{folder}/{uuid.uuid4().hex}"
    size, digest = 0, hashlib.sha256()
    try:
        with open_key(key, "wb") as file:
            for chunk in chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
    except BaseException:
        delete_key(key)
        raise
    stored = StoredFile(key=key, name=name, content_type=content_type, size=size, sha256=digest.hexdigest(), owner_id=owner_id)
    db.session.add(stored)
    db.session.flush()
    return stored


def read(stored: StoredFile) -> bytes:
    """The whole content. Raises NotFound when the storage has lost it."""
    with open_file(stored) as file:
        return file.read()


def open_file(stored: StoredFile) -> BinaryIO:
    """The content as a binary file. Raises NotFound."""
    filesystem, root = _filesystem()
    try:
        return cast(BinaryIO, filesystem.open(f"{root}/{stored.key}", "rb"))
    except FileNotFoundError as error:
        raise NotFound("The file is no longer in the storage.") from error


def open_key(key: str, mode: Literal["rb", "wb"]) -> BinaryIO:
    """The bytes of `key`, to be read or written anew from the start, however many there are. Raises NotFound for reading."""
    filesystem, root = _filesystem()
    path = f"{root}/{key}"
    if mode == "wb":
        filesystem.makedirs(filesystem._parent(path), exist_ok=True)
    try:
        return cast(BinaryIO, filesystem.open(path, mode))
    except FileNotFoundError as error:
        raise NotFound("The file is no longer in the storage.") from error


def delete_key(key: str) -> None:
    """Remove the bytes of `key`; a missing file is fine."""
    filesystem, root = _filesystem()
    if filesystem.exists(f"{root}/{key}"):
        filesystem.rm_file(f"{root}/{key}")


def list_keys() -> Iterator[tuple[str, datetime]]:
    """Every stored key with the time (aware) at which its bytes were written, folder by folder."""
    filesystem, root = _filesystem()
    filesystem.invalidate_cache()
    if not filesystem.exists(root):
        return
    for folder in filesystem.ls(root, detail=False):
        for path in filesystem.find(folder):
            try:
                yield path.removeprefix(f"{root}/"), filesystem.modified(path)
            except FileNotFoundError:
                # Removed since it was listed.
                continue


def find_file(file_id: int) -> StoredFile | None:
    """The row of that id."""
    return db.session.scalar(select(StoredFile).where(StoredFile.id == file_id))


def send(stored: StoredFile, *, inline: bool = False) -> Response:
    """Stream the file: an attachment with its UTF-8 name, never sniffed and never run as a page."""
    headers = _headers("inline" if inline else "attachment", stored.name, stored.size)
    return Response(_chunks(open_file(stored)), headers=headers, content_type=stored.content_type, direct_passthrough=True)


def send_joined(parts: Sequence[StoredFile], *, name: str, content_type: str) -> Response:
    """Stream several files, at least one, end to end as one attachment; each is opened when its turn comes. Raises NotFound for the first."""
    # The application's context is over when the later ones are opened.
    filesystem, root = _filesystem()
    first, later = open_file(parts[0]), [f"{root}/{part.key}" for part in parts[1:]]
    headers = _headers("attachment", name, sum(part.size for part in parts))
    files = chain([first], (filesystem.open(path, "rb") for path in later))
    stream = (chunk for file in files for chunk in _chunks(file))
    return Response(stream, headers=headers, content_type=content_type, direct_passthrough=True)


def send_picture(stored: StoredFile) -> Response:
    """An image that anybody may see. Its address names the row, whose bytes never change, so it may be kept for a year (304 by its digest)."""
    response = Response(status=304) if request.if_none_match.contains(stored.sha256) else send(stored, inline=True)
    response.set_etag(stored.sha256)
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    # What a page of ours keeps without an origin must not be given to a script of the front end, which needs the CORS headers.
    response.vary.add("Origin")
    return response


def is_reachable() -> bool:
    """Whether the storage answers now."""
    try:
        filesystem, root = _filesystem()
        filesystem.makedirs(root, exist_ok=True)
        return bool(filesystem.exists(root))
    except OSError:
        return False


def _headers(disposition: str, name: str, size: int) -> dict[str, str]:
    return {
        "Content-Length": str(size),
        "Content-Disposition": _disposition(disposition, name),
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }


def _disposition(kind: str, name: str) -> str:
    # Some programs, curl among them, know this name alone.
    plain = unaccented(name)
    ascii_name = plain if plain.partition(".")[0].strip() else f"file{plain.strip()}"
    header = dump_options_header(kind, {"filename": ascii_name})
    if ascii_name == name:
        return header
    encoded = "".join(chr(b) if (chr(b).isascii() and chr(b).isalnum()) or b in b"-._~" else f"%{b:02X}" for b in name.encode())
    return f"{header}; filename*=UTF-8''{encoded}"


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(CHUNK):
            yield chunk


def _filesystem() -> tuple[fsspec.AbstractFileSystem, str]:
    found: tuple[fsspec.AbstractFileSystem, str] | None = current_app.extensions.get("storage")
    if found is None:
        found = fsspec.core.url_to_fs(current_app.config["STORAGE_URL"])
        current_app.extensions["storage"] = found
    return found[0], found[1].rstrip("/")
