"""Speed and size of the PDF renderer, each figure beside its reference of the same run.

    python -m bench.resume_pdf layout     # block flow against grid and flexible boxes
    python -m bench.resume_pdf chromium   # against a warm headless Chromium; needs Chromium
    python -m bench.resume_pdf memory     # a press after 500 renders
    python -m bench.resume_pdf presses    # two presses against one
    python -m bench.resume_pdf queue      # what the queue adds on an idle board; needs DATABASE_URL and REDIS_URL
    python -m bench.resume_pdf workers    # a worker of two children against one; the same
    python -m bench.resume_pdf resident   # memory of that whole worker against Chromium's; the same and Chromium
    python -m bench.resume_pdf pages      # render time against 1 to 50 pages, as bench/resume_pdf_pages.png; needs matplotlib
    python -m bench.resume_pdf copy       # take the classic theme as the block layout, after a change of it

The résumé has four pages (`resume_pdf_content`). Processor time counts user and system time of all processes that print.
"""

import statistics
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import psutil

from bench import resume_pdf_content as content
from bench import resume_pdf_presses as alone
from bench import resume_pdf_queue as queued

RENDERS = 500
TURNS = 7
MEGABYTE = 1 << 20


def layout() -> None:
    """Block flow against grid and flex."""
    (block, block_pages), (grid, grid_pages) = alone.seconds_of("block", 9), alone.seconds_of("grid", 3)
    print(f"block flow       {block * 1000:6.0f} ms, {block_pages} pages")
    print(f"grid and flex    {grid * 1000:6.0f} ms, {grid_pages} pages")
    print(f"ratio            {block / grid:6.2f}    (goal: at most 0.4)")


def chromium() -> None:
    """Processor time and memory beside Chromium's."""
    from bench import resume_pdf_chromium as other  # noqa: PLC0415  It refuses to load without fonts; the other benchmarks need no browser.

    resumes = alone.variants(12)
    with alone.presses(2) as (room, [one, two]):
        ours, our_bytes = alone.processor_seconds(one, resumes)
        alone.processor_seconds(two, resumes)
        processes = [psutil.Process(pid) for pid in (room.pid, one.pid, two.pid)]
        our_memory = _resident(processes)
    pages = [other.with_fonts(content.markup(resume), content.styles("block")) for resume in resumes]
    with other.browser_with(2) as (browser, tabs):
        for tab in tabs:
            tab.print(pages[0])
        kept, their_bytes = browser.processor_seconds(tabs[0].print, pages)
        tabs[1].print(pages[1])
        their_memory = _resident(browser.processes())
        fresh, _ = browser.processor_seconds(browser.print_in_new_tab, pages)
    print(f"ours                        {ours * 1000:5.0f} ms  {our_bytes / 1000:5.0f} kB a file  {our_memory:5.0f} MB for two and their foreman")
    print(f"Chromium, a tab a document  {fresh * 1000:5.0f} ms  {their_bytes / 1000:5.0f} kB a file  {their_memory:5.0f} MB with two tabs")
    print(f"Chromium, one tab for all   {kept * 1000:5.0f} ms")
    print(f"processor, ours to a tab a document {ours / fresh:.2f} (goal: at most 0.75), to one tab for all {ours / kept:.2f}")
    print(f"memory {our_memory / their_memory:.2f} (goal: at most 0.4)")


def _resident(processes: list[psutil.Process]) -> float:
    """Megabytes in RAM, where what several share counts once (PSS)."""
    total = 0
    for process in processes:
        # A browser ends some of its helpers as it likes.
        with suppress(psutil.NoSuchProcess):
            total += process.memory_full_info().pss
    return total / MEGABYTE


def memory() -> None:
    """The most that a press has had after 500 renders, never replaced."""
    with alone.presses(1, retire_after=RENDERS + 10, retire_bytes=1 << 40) as (_, [press]):
        pid, resumes = press.pid, alone.variants(10)
        for number in range(RENDERS):
            alone.render(press, resumes[number % 10])
            if number + 1 in (1, 10, 100, RENDERS):
                print(f"after {number + 1:3} renders: at most {alone.peak_megabytes(press):.0f} MB resident")
        if press.pid != pid:
            raise SystemExit("The press was replaced.")
    print("(goal: under 150 MB)")


def presses() -> None:
    """Two presses against one, in turns, so that whatever else the machine does falls on both alike; the median of the turns counts."""
    with alone.presses(2) as (_, both):
        turns = [(alone.throughput(both[:1], 10), alone.throughput(both, 10), _plain_scaling()) for _ in range(TURNS)]
    for single, double, plain in turns:
        print(f"one press {single:.2f}/s, two {double:.2f}/s, ratio {double / single:.2f}; two processes that only count {plain:.2f}")
    ratio, plain = statistics.median(double / single for single, double, _ in turns), statistics.median(plain for *_, plain in turns)
    print(f"median ratio {ratio:.2f} (goal: at least 1.8), of two processes that only count {plain:.2f}")


def queue() -> None:
    """What the queue adds."""
    whole, render = queued.overhead()
    print(f"request to file {whole * 1000:.0f} ms, render alone {render * 1000:.0f} ms, queue {(whole - render) * 1000:.0f} ms (goal: at most 50)")


def workers() -> None:
    """Two children of a worker against one."""
    single, double = queued.throughput(1), queued.throughput(2)
    print(f"one child {single:.2f}/s, two {double:.2f}/s, ratio {double / single:.2f} (goal: at least 1.8)")
    print(f"the same ratio of two processes that only count: {_plain_scaling():.2f}")


def resident() -> None:
    """Memory of a worker of two children with their presses and foreman, the framework included, beside Chromium's."""
    from bench import resume_pdf_chromium as other  # noqa: PLC0415  As above.

    with queued.board(), queued.worker(2) as pid:
        ours = _resident([psutil.Process(pid), *psutil.Process(pid).children(recursive=True)])
    page = other.with_fonts(content.markup(), content.styles("block"))
    with other.browser_with(2) as (browser, tabs):
        for tab in tabs:
            tab.print(page)
        theirs = _resident(browser.processes())
    print(f"a worker of two children {ours:.0f} MB, Chromium with two tabs {theirs:.0f} MB, ratio {ours / theirs:.2f} (goal: at most 0.4)")


def _plain_scaling() -> float:
    """How much more two processes get done than one on this machine, with work that touches no memory."""
    from multiprocessing import Pool  # noqa: PLC0415  Here alone.

    def seconds(processes: int) -> float:
        with Pool(processes) as pool:
            start = time.monotonic()
            pool.map(_count, range(processes))
            return time.monotonic() - start

    return 2 * statistics.median(seconds(1) for _ in range(3)) / statistics.median(seconds(2) for _ in range(3))


def _count(_: int) -> int:
    return sum(number % 7 for number in range(10_000_000))


def pages() -> None:
    """Render time against pages, as a plot."""
    try:
        from matplotlib import pyplot  # noqa: PLC0415  A requirement of this plot alone.
    except ImportError:
        raise SystemExit("needs matplotlib: pip install matplotlib") from None
    points = []
    for number, seconds in alone.by_pages():
        points.append((number, seconds))
        print(f"{number:3} pages {seconds * 1000:6.0f} ms  {seconds / number * 1000:5.0f} ms a page", flush=True)
    figure, axes = pyplot.subplots(figsize=(7, 4), dpi=110)
    axes.plot([number for number, _ in points], [seconds for _, seconds in points], "o-", color="#7a2331")
    axes.set(xlabel="pages", ylabel="processor seconds", title="Time to lay out and write a résumé", xlim=(0, None), ylim=(0, None))
    axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(Path(__file__).parent / "resume_pdf_pages.png")


COMMANDS: dict[str, Callable[[], None]] = {
    command.__name__: command for command in (layout, chromium, memory, presses, queue, workers, resident, pages)
} | {"copy": content.copy_styles}


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in COMMANDS:
        raise SystemExit(__doc__)
    COMMANDS[sys.argv[1]]()
