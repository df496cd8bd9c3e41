"""Why a résumé cannot be printed."""


class RenderError(Exception):
    """The résumé itself is at fault, so a retry cannot help. `reason` is a sentence for the person who wrote it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
