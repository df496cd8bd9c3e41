"""What veraPDF, the reference checker, says of every theme as PDF/UA-1 (ISO 14289-1).

Without Java and Maven these tests are skipped, and `test_themes` still looks at tags, language, title and order.
"""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from weasyprint import HTML

from app.resumes.rendering.look import DESIGNS
from app.resumes.rendering.render import render_pdf
from tests.resumes import verapdf
from tests.resumes.printed import COMPLETE, FURTHER

pytestmark = pytest.mark.skipif(not verapdf.is_possible(), reason=verapdf.INSTALL)

Check = Callable[..., dict[str, str]]

FULL = {**COMPLETE, **FURTHER}
AWKWARD = {"title": "x" * 400, "summary": "- a\nb\n\n汉 🚀 שלום <b>", "links": ["https://e.vn/" + "y" * 300] * 3, "projects": [{"end_date": "2020"}]}
CONTENTS = {"full": FULL, "letter": {**FULL, "paper_size": "LETTER", "photo": None}, "awkward": AWKWARD, "bare": {"title": "x"}}


@pytest.fixture(scope="module")
def check() -> Check:
    """Asks for files by their paths what is said of each, by its name: `PASS`, or `FAIL` and the reasons."""
    libraries = verapdf.libraries()
    if libraries is None:
        pytest.skip(verapdf.OFFLINE)

    def asked(*files: Path) -> dict[str, str]:
        command = ["java", "-cp", f"{libraries}/*", str(verapdf.HERE / "Check.java"), *map(str, files)]
        return parsed(subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout)

    return asked


def parsed(said: str) -> dict[str, str]:
    """The checker's lines by file."""
    parts = [part.partition("\n") for part in said.replace("\nPASS ", "\0PASS ").replace("\nFAIL ", "\0FAIL ").split("\0")]
    return {Path(head[5:].strip()).name: f"{head[:4]} {reasons}".strip() for head, _, reasons in parts}


def test_every_theme_passes_whatever_is_in_it(check: Check, tmp_path: Path) -> None:
    files = [tmp_path / f"{theme}-{name}.pdf" for theme in DESIGNS for name in CONTENTS]
    for file in files:
        theme, _, name = file.stem.partition("-")
        file.write_bytes(render_pdf(CONTENTS[name], theme=theme))

    said = check(*files)

    assert said == {file.name: "PASS" for file in files}


def test_a_file_without_a_language_fails(check: Check, tmp_path: Path) -> None:
    file = tmp_path / "untold.pdf"
    HTML(string="<title>x</title><p>y").write_pdf(file, pdf_variant="pdf/ua-1")

    said = check(file)

    assert said["untold.pdf"].startswith("FAIL")
    assert "language" in said["untold.pdf"]
