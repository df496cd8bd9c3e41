"""What can go wrong with a résumé."""

from app.core.problems import Conflict, Invalid, NotFound, Unauthorized, Unavailable


class ResumeNotFound(NotFound):
    code, detail = "resume_not_found", "There is no such résumé that you can see."


class PhotoNotFound(NotFound):
    code, detail = "photo_not_found", "This résumé has no photo."


class ThemeNotFound(NotFound):
    code, detail = "theme_not_found", "There is no such theme."


class NoPdf(NotFound):
    code, detail = "no_pdf", "There is no PDF of the résumé."


class PageNotFound(NotFound):
    code = "page_not_found"

    def __init__(self, count: int) -> None:
        super().__init__(f"The PDF has {count} page{'s' if count != 1 else ''}.")


class TooManyResumes(Conflict):
    code = "too_many_resumes"

    def __init__(self, most: int) -> None:
        super().__init__(f"You have {most} résumés already. Delete one first.")


class PrimaryNeeded(Invalid):
    code = "primary_needed"

    def __init__(self) -> None:
        super().__init__({"is_primary": "One résumé must be primary. Make another one primary instead."})


class NothingToImport(Invalid):
    code = "nothing_to_import"

    def __init__(self) -> None:
        super().__init__({"basics": "The document names no person, no work and no education."})


class DownloadLinkExpired(Unauthorized):
    code, detail = "link_expired", "This download link is not valid any more. Ask for a new one."


class PdfQueueFull(Unavailable):
    """Nothing was accepted."""

    code = "pdf_queue_full"

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"Too many PDFs are waiting. Please try again in {retry_after} s.", retry_after=retry_after)
