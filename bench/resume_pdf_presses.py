"""Presses on their own, without queue and database: time of the processor, memory, two beside one, and time against pages."""

import statistics
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from typing import Any

import psutil
from pypdf import PdfReader
from weasyprint import CSS

from app.core.press.client import Limits, Press
from app.core.press.room import Room
from app.core.press.stack import in_one_piece
from app.core.printing.pages import lay_out, write
from bench import resume_pdf_content as content

MODULES = ("app.core.printing.jobs", "app.resumes.rendering.jobs")
_ENTRY = '<div class="entry">'


@contextmanager
def presses(number: int, **limits: Any) -> Iterator[tuple[Room, list[Press]]]:
    """That many warm presses of one foreman."""
    room = Room(MODULES)
    made = [Press(room, partial(Room, MODULES), Limits(memory_bytes=2 << 30, **limits)) for _ in range(number)]
    try:
        for press in made:
            for variant in variants(2):
                render(press, variant)
        yield room, made
    finally:
        for press in made:
            press.end()
        room.close()


def render(press: Press, resume: dict[str, Any]) -> bytes:
    """One résumé by a press, as the worker has it printed."""
    [pdf] = press.do("resume", resume, content.THEME, processor_seconds=60, seconds=120)
    return pdf


def variants(number: int) -> list[dict[str, Any]]:
    """The reference résumé under different names, so that nobody prints the same page twice."""
    base = content.reference()
    return [{**base, "full_name": f"Nguyễn Thị Phương Thảo {place}", "summary": f"Hồ sơ số {place}. {base['summary']}"} for place in range(number)]


def seconds_of(layout: str, times: int) -> tuple[float, int]:
    """Median processor time to lay the reference page out and write it, and its number of pages."""
    markup, styles = content.markup(), content.css(layout)
    taken, pdf = [], _printed(markup, styles)
    for _ in range(times):
        start = time.process_time()
        pdf = _printed(markup, styles)
        taken.append(time.process_time() - start)
    return statistics.median(taken), pages_of(pdf)


def _printed(markup: str, styles: CSS) -> bytes:
    """As a press does it."""
    return in_one_piece(lambda: write(lay_out(markup, styles)))


def by_pages(most: int = 50) -> Iterator[tuple[int, float]]:
    """Pages and processor seconds of ever longer résumés in the block layout, from one page to `most`: employments and nothing else."""
    brief = {name: value for name, value in content.reference(6).items() if not isinstance(value, list) or name == "experience"}
    head, one, two, three, *_, end = content.markup(brief).split(_ENTRY)
    styles = content.css("block")

    def printed(number: int) -> tuple[int, float]:
        jobs = [(one, two, three)[place % 3] for place in range(number)]
        markup = _ENTRY.join([head, *jobs, end])
        began = time.process_time()
        pdf = _printed(markup, styles)
        return pages_of(pdf), time.process_time() - began

    # Rows for a page; each is looked for from above, in steps of less than a page.
    each = 300 / (printed(300)[0] - 1)
    for wanted in [1, 2, 3, 5, 8, 12, 16, *range(20, most + 1, 5)]:
        number = round(each * wanted) + 3
        while (point := printed(number))[0] > wanted:
            number -= 1 + wanted // 10
        yield sorted([point, printed(number), printed(number)])[1]


def processor_seconds(press: Press, resumes: Sequence[dict[str, Any]]) -> tuple[float, int]:
    """Processor time of the press for each résumé, and the bytes of the last file."""
    process = psutil.Process(press.pid)
    before = process.cpu_times()
    for resume in resumes:
        pdf = render(press, resume)
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / len(resumes), len(pdf)


def throughput(working: Sequence[Press], each: int) -> float:
    """Résumés a second by these presses at the same time."""
    resumes = variants(each)

    def work(press: Press) -> None:
        for resume in resumes:
            render(press, resume)

    start = time.monotonic()
    with ThreadPoolExecutor(len(working)) as pool:
        list(pool.map(work, working))
    return each * len(working) / (time.monotonic() - start)


def peak_megabytes(press: Press) -> float:
    """The most resident memory that the press has had (VmHWM)."""
    with open(f"/proc/{press.pid}/status", encoding="ascii") as file:  # noqa: PTH123
        line = next(line for line in file if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024


def pages_of(pdf: bytes) -> int:
    """How many pages a file has."""
    return len(PdfReader(BytesIO(pdf)).pages)
