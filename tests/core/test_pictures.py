"""Pictures as cameras and attackers make them: turned, with odd metadata, far too many pixels."""

import io
import struct

import pytest
from apiflask import APIFlask
from PIL import Image
from werkzeug.datastructures import FileStorage

from app.core.problems import TooLarge
from app.core.uploads import MAX_PIXELS, read_image

RED, BLUE = (254, 0, 0), (0, 0, 254)
NEAR = 40


def upload(data: bytes, name: str) -> FileStorage:
    return FileStorage(io.BytesIO(data), filename=name)


def exif(*entries: tuple[int, int, bytes]) -> bytes:
    """An Exif block of one directory: tag, type, value of up to four bytes."""
    rows = b"".join(struct.pack("<HHI", tag, kind, 2 if kind in {2, 7} else 1) + value.ljust(4, b"\0") for tag, kind, value in entries)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, len(entries)) + rows + bytes(4)


def half_red_half_blue(exif_block: bytes) -> bytes:
    """A JPEG of 32 by 16 pixels, red on the left."""
    image = Image.new("RGB", (32, 16), BLUE)
    image.paste(RED, (0, 0, 16, 16))
    out = io.BytesIO()
    image.save(out, "JPEG", exif=exif_block, quality=95)
    return out.getvalue()


def is_near(pixel: object, colour: tuple[int, int, int]) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) < NEAR for one, other in zip(pixel, colour, strict=True))


@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [
        (1, (32, 16), (2, 8)),
        (2, (32, 16), (29, 8)),
        (3, (32, 16), (29, 8)),
        (4, (32, 16), (2, 8)),
        (5, (16, 32), (8, 2)),
        (6, (16, 32), (8, 2)),
        (7, (16, 32), (8, 29)),
        (8, (16, 32), (8, 29)),
        (9, (32, 16), (2, 8)),
    ],
)
def test_a_picture_stands_as_it_was_held(app: APIFlask, orientation: int, size: tuple[int, int], red_at: tuple[int, int]) -> None:
    data = half_red_half_blue(exif((0x0112, 3, bytes([orientation]))))

    read = Image.open(io.BytesIO(read_image(upload(data, "me.jpg")).data))

    assert read.size == size
    assert is_near(read.getpixel(red_at), RED)
    assert dict(read.getexif()) == {}


@pytest.mark.parametrize("odd", [(0x0100, 2, b"x"), (0x011A, 7, b"xy")], ids=["width as text", "resolution as bytes"])
def test_odd_metadata_does_not_keep_a_turned_picture_out(app: APIFlask, odd: tuple[int, int, bytes]) -> None:
    data = half_red_half_blue(exif(odd, (0x0112, 3, b"\6")))

    read = Image.open(io.BytesIO(read_image(upload(data, "me.jpg")).data))

    assert read.size == (16, 32)


@pytest.mark.parametrize("side", [4_500, 15_000])
def test_a_picture_of_too_many_pixels_is_too_large_however_small_its_file(app: APIFlask, side: int) -> None:
    out = io.BytesIO()
    Image.new("1", (side, side)).save(out, "PNG")

    with pytest.raises(TooLarge) as refused:
        read_image(upload(out.getvalue(), "me.png"))

    assert side**2 > MAX_PIXELS
    assert refused.value.detail == "The image has more than 20 million pixels."
