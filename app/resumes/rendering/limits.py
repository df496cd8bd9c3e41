"""What one document may hold and what the process that renders it may take."""

import resource
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

GIBIBYTE = 1 << 30

TOO_LONG = f"The résumé is longer than {MAX_PAGES} pages. Shorten the longest texts and try again."


def has_too_much_text(sheet: Sheet) -> bool:
    """Whether the free text alone fills more than the pages allowed, found without laying it out, which can take long."""
    lines = (line for body in sheet.bodies() for block in body for _, line in block.lines)
    return sum(ceil(len(line) / _LINE_CHARACTERS) for line in lines) > MAX_PAGES * _PAGE_LINES


def limit_process(max_bytes: int = 2 * GIBIBYTE) -> None:
    """Cap this process's address space (RLIMIT_AS), so that a runaway layout ends in a MemoryError and not in the machine's swap.

    For the pdf worker's child processes, at their start; never for a process that does other work as well. An existing lower limit
    stays. The limit cannot be raised again by the process itself.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    ceiling = max_bytes if hard == resource.RLIM_INFINITY else min(max_bytes, hard)
    resource.setrlimit(resource.RLIMIT_AS, (ceiling, ceiling))
