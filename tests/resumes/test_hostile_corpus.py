"""Résumés of people who mean harm, printed by a real press in every theme: each is printed or refused with a sentence, in bounded time,
and a web server that they name sees no visitor."""

import struct
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from app.core.press.client import Limits, Press
from app.core.press.errors import OutOfMemory, PressLost, Refusal
from app.core.press.room import Room
from app.resumes.rendering.look import DESIGNS
from tasks.press import MODULES
from tests.canary import Canary, listening
from tests.resumes.printed import addresses_of, images_of, reader, text_of

# Far below what a worker grants, so that a test that gets slow is noticed.
PROCESSOR_SECONDS, MEMORY = 15, 2 << 30

SENTENCE = "Xây dựng hệ thống thanh toán phục vụ hàng triệu người dùng. "
LAUGHS = "".join(f'<!ENTITY lol{place} "{f"&lol{place - 1};" * 10}">' for place in range(1, 10))
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"><image href="{url}/svg" width="9" height="9"/><use href="{url}/use#a"/></svg>'


def everywhere(typed: str, **further: Any) -> dict[str, Any]:
    """A résumé with that text in each kind of field."""
    row = dict.fromkeys(("position", "company", "name", "institution", "title", "organization", "url", "label", "reference", "level"), typed)
    sections = ("experience", "education", "projects", "certifications", "links", "publications", "awards", "volunteer", "references", "interests")
    resume: dict[str, Any] = dict.fromkeys(("title", "full_name", "email", "phone", "address", "summary"), typed)
    return {**resume, **{section: [{**row, "description": typed}] for section in sections}, "languages": [typed], "skills": [typed], **further}


def corpus(url: str) -> dict[str, dict[str, Any]]:
    return {
        "file": everywhere("file:///etc/passwd"),
        "http": everywhere(f"{url}/visit"),
        "image": everywhere(f'<img src="{url}/img"><link rel="stylesheet" href="{url}/css"><link rel=attachment href="file:///etc/passwd">'),
        "style": everywhere(f"</style><style>@import url({url}/import); * {{ background: url({url}/bg) }}</style>"),
        "svg": everywhere(SVG.format(url=url)),
        "data bomb": everywhere("data:image/png;base64," + "A" * 3_000),
        "billion laughs": everywhere(f'<?xml version="1.0"?><!DOCTYPE lolz [<!ENTITY lol0 "lol">{LAUGHS}]><lolz>&lol9;</lolz>'),
        "deep markup": everywhere("<div>" * 600),
        "deep values": everywhere("x", experience=nested(90), skills=nested(90)),
        "template": everywhere("{{ ''.__class__.__mro__ }}{% for x in range(10**9) %}x{% endfor %}"),
        "right to left": everywhere("\u202eevil\u202c \u2066שלום\u2069 " + "مرحبا بالعالم " * 40),
        "zero width": everywhere("a" + "\u200b\u200d\u2060\ufeff" * 2_000 + "b"),
        "stacked marks": everywhere("a" + "\u0301" * 9_000),
        "no such font": everywhere("𓀀𓁐 ሰላም ကျွန်ုပ် 𠮷 \U0010fffd " * 100),
        "one word": everywhere("W" * 3_000),
        "lines": everywhere("\n" * 9_000 + "x"),
        "bullets": everywhere("- x\n" * 1_300),
        "million rows": everywhere("x", experience=[{"position": "p"}] * 1_000_000),
        "million skills": everywhere("x", skills=["s"] * 1_000_000),
        "long text": everywhere("x", summary="x" * 1_000_000),
        "many pages": everywhere("x", experience=[{"position": "p", "description": SENTENCE * 160}] * 20),
        "svg photo": everywhere("x", photo=SVG.format(url=url).encode()),
        "photo bomb": everywhere("x", photo=png_header(65_535, 65_535)),
        "large photo": everywhere("x", photo=png_header(6_000, 5_000)),
    }


def png_header(width: int, height: int) -> bytes:
    """A PNG that says to be so large, and has no pixels."""
    head = struct.pack("!IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack("!I", len(data)) + kind + data + struct.pack("!I", zlib.crc32(kind + data)) for kind, data in ((b"IHDR", head), (b"IDAT", b""))
    )


def nested(depth: int) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [{"description": value, "name": value}]
    return value


REFUSED = {
    "million rows": "There are 1,000,000 entries under “experience”; a résumé can print 60.",
    "million skills": "There are 1,000,000 entries under “skills”; a résumé can print 150.",
    "long text": "The text under “summary” has 1,000,000 characters; a résumé can print 10,000 in one text.",
    "many pages": "The résumé is longer than 20 pages. Shorten the longest texts and try again.",
    "bullets": "The résumé is longer than 20 pages. Shorten the longest texts and try again.",
    "svg photo": "The photo cannot be read; upload it again as PNG or JPEG.",
    "photo bomb": "The photo cannot be read; upload it again as PNG or JPEG.",
    "large photo": "The photo has too many pixels to print.",
}


@pytest.fixture(scope="module")
def canary() -> Iterator[Canary]:
    with listening() as server:
        yield server


@pytest.fixture(scope="module")
def press() -> Iterator[Press]:
    made = Press(Room(MODULES), partial(Room, MODULES), Limits(memory_bytes=MEMORY))
    yield made
    made.close()


@pytest.mark.parametrize(("name", "theme"), [(name, list(DESIGNS)[place % 6]) for place, name in enumerate(corpus(""))])
def test_a_hostile_resume_is_printed_or_refused_and_reaches_nothing(press: Press, canary: Canary, name: str, theme: str) -> None:
    resume = corpus(canary.url)[name]

    try:
        [pdf] = press.do("resume", resume, theme, processor_seconds=PROCESSOR_SECONDS, seconds=60)
    except Refusal as refusal:
        assert refusal.reason == REFUSED[name]
    else:
        assert name not in REFUSED
        assert images_of(pdf) == []
        assert reader(pdf).attachments == {}
        assert "root:x:0" not in text_of(pdf)
        assert {address for address in addresses_of(pdf) if not address.startswith(f"{canary.url}/visit")} == set()
    assert canary.visits == []


@pytest.fixture
def narrow() -> Iterator[Press]:
    """A press with little more memory than a fresh one has."""
    room = Room(MODULES)
    fresh = Press(room, partial(Room, MODULES), Limits(memory_bytes=MEMORY))
    fresh.start()
    pages = int(Path(f"/proc/{fresh.pid}/statm").read_text().split()[0])
    fresh.end()
    made = Press(room, partial(Room, MODULES), Limits(memory_bytes=pages * 4096 + (12 << 20)))
    yield made
    made.close()


def test_too_little_memory_ends_one_job_and_a_small_one_is_printed(narrow: Press) -> None:
    long = everywhere("x", experience=[{"position": "p", "description": SENTENCE * 60}] * 20)

    with pytest.raises((OutOfMemory, PressLost)):
        narrow.do("resume", long, "classic", processor_seconds=PROCESSOR_SECONDS, seconds=60)

    with pytest.raises(Refusal, match="no résumé theme"):
        narrow.do("resume", {"title": "Sau đó"}, "neon", processor_seconds=PROCESSOR_SECONDS, seconds=60)
