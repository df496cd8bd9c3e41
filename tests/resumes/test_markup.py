"""The markup of printed documents: the same page as WeasyPrint's own reading of HTML gives, in a fraction of its time."""

import re
from pathlib import Path

import pytest
from weasyprint import HTML

from app.core import printing
from app.core.printing import pages
from app.core.printing.fetcher import SealedFetcher
from app.core.printing.fonts import bundled_fonts
from app.core.printing.pages import lay_out, stylesheet, write
from app.payments.receipts.printing import page_of as page_of_receipt
from app.resumes.rendering.content import read_sheet
from app.resumes.rendering.look import DESIGNS, read_look
from app.resumes.rendering.photo import PHOTO_URL
from app.resumes.rendering.render import page_of
from app.resumes.rendering.theme import find_theme
from tests.payments.receipt_press import CORRECTION, document
from tests.resumes.printed import COMPLETE, FURTHER, portrait

APP = Path(printing.__file__).resolve().parents[2]

# What is inline and plain until a style sheet says otherwise.
PLAIN = {"a", "span"}


def printed_page(name: str) -> tuple[str, str]:
    """Markup and style sheet of a résumé in a theme, or of a credit note."""
    if name == "credit note":
        page = page_of_receipt(document(correction=CORRECTION))
        return page.markup, page.styles
    design = find_theme(name)
    return page_of(read_sheet({**COMPLETE, **FURTHER}), design), design.stylesheet(read_look({}, name))


@pytest.mark.parametrize("name", [*DESIGNS, "credit note"])
def test_a_page_looks_as_it_does_under_weasyprints_own_sheet_for_html(name: str) -> None:
    markup, text = printed_page(name)
    styles, photo = stylesheet(text), {PHOTO_URL: ("image/jpeg", portrait())}
    source = HTML(string=markup, url_fetcher=SealedFetcher(photo))

    theirs = source.render(font_config=bundled_fonts(), stylesheets=[styles], **pages._OPTIONS)

    assert write(lay_out(markup, styles, photo)) == write(theirs)


def test_every_element_of_a_template_is_provided_for() -> None:
    templates = [file.read_text(encoding="utf-8") for file in APP.glob("*/**/theme*/**/*.html")]
    selectors = re.sub(r"(?s)/\*.*?\*/|\{.*?\}", " ", printing.ELEMENTS_FILE.read_text(encoding="utf-8"))

    used = {tag for template in templates for tag in re.findall(r"<([a-z][a-z0-9]*)", template)}

    assert {"h1", "td"} <= used
    assert used - PLAIN <= set(re.findall(r"[a-z][a-z0-9]*", selectors))


def test_a_character_that_no_document_may_contain_does_not_stop_the_printing() -> None:
    markup = '<html lang="vi"><head><title>a\x01b\ufffe</title></head><body><p>c</p></body></html>'

    document = lay_out(markup, stylesheet(""))

    assert document.metadata.title == "a\ufffdb\ufffd"
