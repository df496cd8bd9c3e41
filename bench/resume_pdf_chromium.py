"""A warm headless Chromium that prints pages as tagged PDF, by the DevTools protocol over a pipe: nothing to install but the browser."""

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from app.core.printing.fonts import FOLDER

INSTALL = "needs Chromium: apt-get install chromium, or CHROMIUM=/path/to/it"
PROGRAM = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

# The fonts that the classic theme prints with; the browser is not to look for others.
_FACES = (
    ("Literata", 400, "normal", "Literata-Regular"),
    ("Literata", 400, "italic", "Literata-Italic"),
    ("Literata", 600, "normal", "Literata-SemiBold"),
    ("Noto Sans Symbols 2", 400, "normal", "NotoSansSymbols2-Regular"),
)


class Chromium:
    """One browser, started without a window."""

    def __init__(self, process: "subprocess.Popen[bytes]", orders: int, answers: int, start: Path) -> None:
        self.process = process
        self._start = start
        self._orders, self._answers = orders, answers
        self._rest = b""
        self._last = 0

    def call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        """Send a command and wait for its answer. Raises RuntimeError with the browser's message."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": parameters, **({"sessionId": session} if session else {})}
        os.write(self._orders, json.dumps(message).encode() + b"\0")
        return self.wait_for(lambda said: said.get("id") == self._last)

    def wait_for(self, wanted: Any) -> dict[str, Any]:
        """The first message that is wanted."""
        while True:
            while b"\0" not in self._rest:
                self._rest += os.read(self._answers, 1 << 20)
            line, _, self._rest = self._rest.partition(b"\0")
            said = json.loads(line)
            if "error" in said:
                raise RuntimeError(said["error"]["message"])
            if wanted(said):
                return said

    def print_in_new_tab(self, html: str) -> bytes:
        """As a service does that keeps people's documents apart: a tab is opened for the page and closed after it."""
        tab = Tab(self, self._start)
        pdf = tab.print(html)
        self.call("Target.closeTarget", targetId=tab.target)
        return pdf

    def processor_seconds(self, print_page: Callable[[str], bytes], pages: Sequence[str]) -> tuple[float, int]:
        """Processor time of all processes for each page, those that ended meanwhile included, and the bytes of the last file."""
        before = self._processor_seconds()
        for page in pages:
            pdf = print_page(page)
        # The processes of closed tabs take a moment to end.
        time.sleep(1)
        return (self._processor_seconds() - before) / len(pages), len(pdf)

    def _processor_seconds(self) -> float:
        # A parent counts its ended children, so one that ends while we look is missed for this look alone.
        total = 0.0
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:4])
        return total

    def processes(self) -> list[psutil.Process]:
        """The browser and everything that it started."""
        top = psutil.Process(self.process.pid)
        return [top, *top.children(recursive=True)]


class Tab:
    """A page that stays open: each document is put into it and printed."""

    def __init__(self, browser: Chromium, start: Path) -> None:
        self._browser = browser
        self.target = target = browser.call("Target.createTarget", url=start.as_uri())["result"]["targetId"]
        self._session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["result"]["sessionId"]
        browser.call("Page.enable", self._session)
        self._frame = browser.call("Page.getFrameTree", self._session)["result"]["frameTree"]["frame"]["id"]

    def print(self, html: str) -> bytes:
        """The tagged PDF of a page, with its own paper and its backgrounds, once its fonts are there."""
        self._browser.call("Page.setDocumentContent", self._session, frameId=self._frame, html=html)
        self._browser.call("Runtime.evaluate", self._session, expression="document.fonts.ready.then(() => 1)", awaitPromise=True)
        options = {"preferCSSPageSize": True, "printBackground": True, "generateTaggedPDF": True}
        return base64.b64decode(self._browser.call("Page.printToPDF", self._session, **options)["result"]["data"])


@contextmanager
def browser_with(tabs: int) -> Iterator[tuple[Chromium, list[Tab]]]:
    """A browser with that many tabs, each in a process of its own. Raises SystemExit when there is none."""
    if PROGRAM is None:
        raise SystemExit(INSTALL)
    with tempfile.TemporaryDirectory() as folder:
        theirs_in, orders = os.pipe()
        answers, theirs_out = os.pipe()
        script = 'exec 3<&"$1" 4>&"$2"; shift 2; exec "$@"'
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--remote-debugging-pipe",
            "--site-per-process",
            f"--user-data-dir={folder}/profile",
        ]
        process = subprocess.Popen(
            ["bash", "-c", script, "bash", str(theirs_in), str(theirs_out), PROGRAM, *options, "--allow-file-access-from-files"],
            pass_fds=[theirs_in, theirs_out],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        start = Path(folder) / "start.html"
        start.write_text("<!DOCTYPE html><title>x</title>")
        browser = Chromium(process, orders, answers, start)
        try:
            yield browser, [Tab(browser, start) for _ in range(tabs)]
        finally:
            browser.call("Browser.close")
            process.wait(20)
            os.close(orders)
            os.close(answers)


def with_fonts(html: str, styles: str) -> str:
    """The page with its style sheet and the fonts, as a browser wants them."""
    faces = "".join(
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-style: {style}; src: url({(FOLDER / file).as_uri()}.ttf) }}\n'
        for family, weight, style, file in _FACES
    )
    return html.replace("</head>", f"<style>{faces}{styles}</style></head>")
