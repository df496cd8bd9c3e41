"""Reads the markup of our templates: XML with HTML's elements, which is what they are written in.

WeasyPrint's own parser repairs what browsers repair, letter by letter, and its style sheet for HTML provides for elements that no template
has; both are Python, and together they were a fifth of a résumé's processor time.
"""

import re
from xml.etree.ElementTree import fromstring

from cssselect2 import ElementWrapper  # type: ignore[import-untyped]
from weasyprint import CSS, HTML

from app.core.printing import ELEMENTS_FILE
from app.core.printing.fetcher import SealedFetcher

_ELEMENTS = CSS(string=ELEMENTS_FILE.read_text(encoding="utf-8"), url_fetcher=SealedFetcher({}))

# What no XML document may contain, not even escaped (XML 1.0, production 2). Text that was cleaned has none of it.
_NO_CHARACTER = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Markup(HTML):
    """A page of markup that can load only what `fetcher` gives.

    Raises `xml.etree.ElementTree.ParseError` for markup that is not well-formed, which is a template's fault: what people typed is escaped.
    """

    def __init__(self, text: str, fetcher: SealedFetcher) -> None:
        # Without the parent's constructor, which would parse; these are the fields that it sets.
        root = fromstring(_NO_CHARACTER.sub("\ufffd", text))  # noqa: S314  No text of a person is markup, so none can declare an entity.
        self.base_url = None
        self.url_fetcher = fetcher
        self.media_type = "print"
        self.wrapper_element = ElementWrapper.from_html_root(root, content_language=None)
        self.etree_element = self.wrapper_element.etree_element

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:
        """What WeasyPrint asks for its sheet for HTML by."""
        return [_ELEMENTS]
