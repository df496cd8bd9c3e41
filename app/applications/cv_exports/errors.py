"""What can go wrong with an export."""

from app.core.problems import Conflict, NotFound


class ExportNotFound(NotFound):
    code, detail = "export_not_found", "There is no such export that you can see, or it has expired."


class TooManyExports(Conflict):
    code = "too_many_exports"

    def __init__(self, most: int) -> None:
        super().__init__(f"{most} exports of yours are being made already. Wait until one of them is done.")


class ExportGone(Exception):
    """The export, or the job that it is of, was removed while it was being made."""
