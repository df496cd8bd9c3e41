"""Why a résumé cannot be printed."""

from app.core.press.errors import Refusal


class RenderError(Refusal):
    """The résumé itself is at fault, so a retry cannot help. `reason` is a sentence for the person who wrote it."""
