"""What one résumé may hold."""

from math import ceil

from app.resumes.rendering.sheet import Sheet

MAX_PAGES = 20

# Rows printed in each section of a résumé; `technologies` counts within one row.
ROWS = {
    "experience": 60,
    "education": 30,
    "projects": 60,
    "certifications": 60,
    "skills": 150,
    "skill_items": 150,
    "languages": 30,
    "links": 20,
    "publications": 200,
    "awards": 60,
    "volunteer": 60,
    "interests": 30,
    "references": 30,
    "technologies": 60,
}

# More than a page of continuous text holds in any theme: 65 lines of some 115 letters in the compact one.
_PAGE_LINES = 70
_LINE_CHARACTERS = 135

TOO_LONG = f"The résumé is longer than {MAX_PAGES} pages. Shorten the longest texts and try again."


def has_too_much_text(sheet: Sheet) -> bool:
    """Whether the free text alone fills more than the pages allowed, found without laying it out, which can take long."""
    lines = (line for body in sheet.bodies() for block in body for _, line in block.lines)
    return sum(ceil(len(line) / _LINE_CHARACTERS) for line in lines) > MAX_PAGES * _PAGE_LINES
