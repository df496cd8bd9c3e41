"""What can be wrong with a request for live events."""

from app.core.problems import Problem


class StreamIsElsewhere(Problem):
    status, code = 421, "stream_is_elsewhere"
    detail = "This process serves no streams: the proxy has to send this path to the stream process."
