"""What may be uploaded: checked by extension and by content; images are decoded and written anew."""

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import filetype
from flask import current_app
from PIL import ExifTags, Image, UnidentifiedImageError
from werkzeug.datastructures import FileStorage

from app.core.problems import TooLarge, UnsupportedMedia

CV_TYPES = {
    "pdf": "application/pdf",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
IMAGE_EXTENSIONS = {"png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "webp": "WEBP"}
MAX_PIXELS = 20_000_000
LONGEST_SIDE = 1024
# How an image is turned upright, by its orientation in EXIF 2.32 (4.6.4 A, tag 274).
_TURNS: Mapping[object, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
OLE_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_UNSAFE_IN_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f/\\:*?\"<>|\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]+")


@dataclass(frozen=True)
class Upload:
    """A checked file: its cleaned name, its media type and its bytes."""

    name: str
    content_type: str
    data: bytes


def read_cv(file: FileStorage) -> Upload:
    """A CV as pdf, doc or docx. Raises TooLarge, UnsupportedMedia."""
    data = _read(file, current_app.config["MAX_CV_BYTES"])
    extension = _extension(file)
    if extension not in CV_TYPES or _content_kind(data) != extension:
        raise UnsupportedMedia("Upload the CV as a PDF, DOC or DOCX file.")
    return Upload(safe_name(file.filename, f"cv.{extension}"), CV_TYPES[extension], data)


def read_attachment(file: FileStorage) -> Upload:
    """A CV-like document or an image, for messages. Raises TooLarge, UnsupportedMedia."""
    try:
        return read_image(file) if _extension(file) in IMAGE_EXTENSIONS else read_cv(file)
    except UnsupportedMedia as error:
        raise UnsupportedMedia("Attach a PDF, DOC or DOCX file, or a PNG, JPEG or WebP image.") from error


def read_image(file: FileStorage) -> Upload:
    """An image as PNG, JPEG or WebP, re-encoded without metadata and at most 1024 pixels a side. Raises TooLarge, UnsupportedMedia."""
    data = _read(file, current_app.config["MAX_IMAGE_BYTES"])
    wanted = IMAGE_EXTENSIONS.get(_extension(file))
    refused = UnsupportedMedia("Upload the image as a PNG, JPEG or WebP file.")
    if wanted is None:
        raise refused
    try:
        with _open(data) as whole:
            # A file that was cut off is refused also where another library has told Pillow to put up with it, as WeasyPrint does.
            whole.verify()
        with _open(data) as image:
            if image.format != wanted:
                raise refused
            if image.width * image.height > MAX_PIXELS:
                raise _too_many_pixels()
            encoded, extension = _encode(image)
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise refused from error
    stem = PurePosixPath(safe_name(file.filename, "image")).stem
    return Upload(f"{stem}.{extension}", f"image/{'jpeg' if extension == 'jpg' else 'png'}", encoded)


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data), formats=sorted(set(IMAGE_EXTENSIONS.values())))


def _too_many_pixels() -> TooLarge:
    return TooLarge(f"The image has more than {MAX_PIXELS // 1_000_000} million pixels.")


def _encode(image: Image.Image) -> tuple[bytes, str]:
    upright = _upright(image)
    upright.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    transparent = upright.has_transparency_data
    out = io.BytesIO()
    if transparent:
        _bare(upright.convert("RGBA")).save(out, "PNG", optimize=True)
        return out.getvalue(), "png"
    _bare(upright.convert("RGB")).save(out, "JPEG", quality=88)
    return out.getvalue(), "jpg"


def _bare(image: Image.Image) -> Image.Image:
    """The image without what Pillow would write anew by itself: a JPEG's comment, a colour profile, the resolution."""
    image.info.clear()
    return image


def _upright(image: Image.Image) -> Image.Image:
    """The image as it was held. `ImageOps.exif_transpose` would also write all other metadata anew, and fails on what cameras leave there."""
    turn = _TURNS.get(image.getexif().get(ExifTags.Base.Orientation))
    return image.transpose(turn) if turn is not None else image.copy()


def safe_name(name: str | None, default: str) -> str:
    """The uploader's file name without folders and control characters, at most 150 characters; letters of any script stay."""
    cleaned = _UNSAFE_IN_NAME.sub("_", (name or "").replace("\\", "/").rsplit("/", 1)[-1]).strip(" ._")
    if not cleaned:
        return default
    path = PurePosixPath(cleaned)
    return f"{path.stem[:140]}{path.suffix[:10]}"


def _read(file: FileStorage, most: int) -> bytes:
    data = file.stream.read(most + 1)
    if len(data) > most:
        raise TooLarge(f"The file is larger than {most // 1024} KiB.")
    return data


def _extension(file: FileStorage) -> str:
    return PurePosixPath(file.filename or "").suffix.lower().lstrip(".")


def _content_kind(data: bytes) -> str | None:
    if data.startswith(OLE_MAGIC):
        return "doc"
    if data.startswith(b"PK") and _is_docx(data):
        return "docx"
    kind = filetype.guess(data)
    return kind.extension if kind else None


def _is_docx(data: bytes) -> bool:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return "word/document.xml" in archive.namelist()
    except zipfile.BadZipFile:
        return False
