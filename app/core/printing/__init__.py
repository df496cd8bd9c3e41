"""What every printed document stands on: the bundled fonts, cleaned text, a sealed door to the outside, and the layout engine.

Text of people reaches a page as text only: it is escaped, it cannot name a file or an address to load, and whatever the bundled fonts
do not cover shows as an empty box. `text` and `templates` are light enough for the request layer; `pages`, `markup`, `fonts` and `fetcher`
load WeasyPrint and belong into a press (`core.press`), whose jobs are in `jobs`.
"""

from pathlib import Path

# Also read where WeasyPrint is not loaded, to tell whether a stored PDF was made with these.
FONT_FILES = Path(__file__).parent.resolve() / "font_files"
ELEMENTS_FILE = Path(__file__).parent.resolve() / "elements.css"
