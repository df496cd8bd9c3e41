"""What may be uploaded: the content decides, not the name; pictures lose everything but their pixels."""

import io
import zipfile

import pytest
from apiflask import APIFlask
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageFile
from werkzeug.datastructures import FileStorage

from app.core.problems import TooLarge, UnsupportedMedia
from app.core.uploads import OLE_MAGIC, read_attachment, read_cv, read_image, safe_name

PDF = b"%PDF-1.7\n%%EOF"
MIB = 1024 * 1024


def upload(data: bytes, name: str) -> FileStorage:
    return FileStorage(io.BytesIO(data), filename=name)


def picture(kind: str, size: tuple[int, int] = (40, 20), mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size).save(out, kind, **options)
    return out.getvalue()


def archive(member: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as made:
        made.writestr(member, "<xml/>")
    return out.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "content_type"),
    [
        ("cv.pdf", PDF, "application/pdf"),
        ("CV.DOC", OLE_MAGIC + b"rest", "application/msword"),
        ("cv.docx", archive("word/document.xml"), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ],
)
def test_a_cv_is_taken_as_it_is(app: APIFlask, name: str, data: bytes, content_type: str) -> None:
    read = read_cv(upload(data, name))

    assert (read.name, read.content_type, read.data) == (name, content_type, data)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("cv.pdf", b"<html>"),
        ("cv.docx", archive("evil.js")),
        ("cv.docx", b"PK\x03\x04broken"),
        ("cv.html", PDF),
        ("cv.doc", PDF),
        ("cv", PDF),
        ("cv.pdf", b""),
    ],
)
def test_a_cv_that_is_not_what_its_name_says_is_refused(app: APIFlask, name: str, data: bytes) -> None:
    with pytest.raises(UnsupportedMedia):
        read_cv(upload(data, name))


def test_the_limit_of_a_cv_is_exact(app: APIFlask) -> None:
    largest = PDF.ljust(5 * MIB)

    assert len(read_cv(upload(largest, "cv.pdf")).data) == 5 * MIB
    with pytest.raises(TooLarge):
        read_cv(upload(largest + b" ", "cv.pdf"))


@pytest.mark.parametrize(("kind", "name"), [("PNG", "me.png"), ("JPEG", "me.jpg"), ("JPEG", "me.jpeg"), ("WEBP", "me.webp")])
def test_a_picture_is_written_anew_without_what_the_camera_noted(app: APIFlask, kind: str, name: str) -> None:
    exif = Image.Exif()
    exif[0x010E] = "taken at home"

    read = read_image(upload(picture(kind, exif=exif), name))

    assert (read.name, read.content_type) == ("me.jpg", "image/jpeg")
    assert b"taken at home" not in read.data
    with Image.open(io.BytesIO(read.data)) as image:
        assert (image.format, image.size, dict(image.getexif())) == ("JPEG", (40, 20), {})


@pytest.mark.parametrize(
    ("kind", "name", "mode", "options"),
    [
        ("JPEG", "me.jpg", "RGB", {"comment": b"taken at home"}),
        ("JPEG", "me.jpg", "RGB", {"icc_profile": b"taken at home" * 20, "dpi": (300, 300)}),
        ("PNG", "me.png", "RGBA", {"icc_profile": b"taken at home" * 20, "dpi": (300, 300)}),
    ],
)
def test_neither_a_comment_nor_a_profile_is_kept(app: APIFlask, kind: str, name: str, mode: str, options: dict[str, object]) -> None:
    read = read_image(upload(picture(kind, mode=mode, **options), name))

    with Image.open(io.BytesIO(read.data)) as image:
        assert {"comment", "icc_profile", "dpi"}.isdisjoint(image.info)


def test_a_transparent_picture_stays_transparent_and_a_large_one_is_made_smaller(app: APIFlask) -> None:
    read = read_image(upload(picture("PNG", (2048, 512), "RGBA"), "logo.png"))

    with Image.open(io.BytesIO(read.data)) as image:
        assert (read.content_type, image.mode, image.size) == ("image/png", "RGBA", (1024, 256))


def test_a_picture_that_unfolds_to_too_many_pixels_is_refused_before_it_is_decoded(app: APIFlask) -> None:
    bomb = picture("PNG", (5000, 5000), "1")

    assert len(bomb) < 2 * MIB
    with pytest.raises(TooLarge):
        read_image(upload(bomb, "bomb.png"))


def test_a_picture_that_was_cut_off_is_refused_also_beside_a_library_that_would_take_it(app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)

    with pytest.raises(UnsupportedMedia):
        read_image(upload(picture("PNG")[:60], "me.png"))


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("me.png", picture("JPEG")),
        ("me.gif", picture("GIF")),
        ("me.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        ("me.png", picture("PNG")[:60]),
        ("me.png", b""),
    ],
)
def test_what_is_no_picture_of_its_kind_is_refused(app: APIFlask, name: str, data: bytes) -> None:
    with pytest.raises(UnsupportedMedia):
        read_image(upload(data, name))


def test_a_message_takes_a_document_or_a_picture(app: APIFlask) -> None:
    assert read_attachment(upload(PDF, "cv.pdf")).content_type == "application/pdf"
    assert read_attachment(upload(picture("PNG"), "me.png")).content_type == "image/jpeg"
    with pytest.raises(UnsupportedMedia):
        read_attachment(upload(b"MZ", "setup.exe"))


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\lan\\Hồ sơ.pdf", "Hồ sơ.pdf"),
        ("cv\u202efdp.exe", "cv_fdp.exe"),
        ("cv\u2028\x85.pdf", "cv_.pdf"),
        ("...", "file"),
        (None, "file"),
    ],
)
def test_a_name_keeps_its_letters_and_loses_its_tricks(name: str | None, kept: str) -> None:
    assert safe_name(name, "file") == kept


@given(st.text(max_size=400))
def test_every_name_becomes_harmless(name: str) -> None:
    kept = safe_name(name, "file")

    assert 1 <= len(kept) <= 150
    assert not set(kept) & set('/\\:*?"<>|\x00\r\n\u202e')
    assert kept not in {".", ".."}
