"""What the routes of live events give."""

from app.core.schemas import OutModel


class StreamToken(OutModel):
    """`token` opens streams for `expires_in` seconds; an open stream outlives it."""

    token: str
    expires_in: int
