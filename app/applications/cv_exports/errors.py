"""What can go wrong with an export."""

from app.core.problems import NotFound


class ExportNotFound(NotFound):
    code, detail = "export_not_found", "There is no such export that you can see, or it has expired."


class ExportGone(Exception):
    """The export, or the job that it is of, was removed while it was being made."""
