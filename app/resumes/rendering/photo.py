"""A last look at the portrait before it is embedded: the upload has already been re-encoded, but a stored file may not be what it was."""

from io import BytesIO

from PIL import Image, UnidentifiedImageError

from app.resumes.rendering.errors import RenderError

# The name by which a template asks for the portrait.
PHOTO_URL = "resume:photo"

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 25_000_000

_CONTENT_TYPES = {"PNG": "image/png", "JPEG": "image/jpeg"}


def photo_content_type(photo: bytes) -> str:
    """`image/png` or `image/jpeg`; raises `RenderError` for another format, a damaged picture or one that is too large."""
    if len(photo) > MAX_BYTES:
        raise RenderError("The photo's file is too large to print.")
    try:
        with Image.open(BytesIO(photo), formats=tuple(_CONTENT_TYPES)) as image:
            # The header tells the size before a single pixel is unpacked.
            if image.width * image.height > MAX_PIXELS:
                raise RenderError("The photo has too many pixels to print.")
            image.load()
            return _CONTENT_TYPES[str(image.format)]
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, SyntaxError, ValueError) as error:
        raise RenderError("The photo cannot be read; upload it again as PNG or JPEG.") from error
