"""Why a press gave no result."""


class Refusal(Exception):
    """What was to be printed is itself at fault, so another attempt cannot help. `reason` is a sentence for the person who wrote it."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class PressFailure(Exception):
    """A job ended without a result."""


class OutOfMemory(PressFailure):
    """The job needed more memory than a press may have."""


class OutOfTime(PressFailure):
    """The job took more processor time than it was given, however busy the machine is."""


class PressLost(PressFailure):
    """The press was killed, crashed, could not be started, or waited too long for a busy machine: another attempt may succeed."""


class JobFault(PressFailure):
    """The job raised what it should not; the message names the exception."""
