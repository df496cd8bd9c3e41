"""How much one process holds, and how long it waits. Seconds and bytes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The defaults serve; tests shorten the waits."""

    # Below the 30 to 60 s after which proxies cut a silent connection.
    heartbeat: float = 15.0
    # A sign-in that was ended, or an account that was closed, loses its streams within this time.
    recheck: float = 60.0
    # A client that takes nothing for so long is dropped, and resumes when it can.
    slow_send: float = 10.0
    # What waits for one client to take it; the rest stays in the log until then.
    buffer: int = 64 * 1024
    events_at_a_time: int = 100
    # Everybody is looked at this often: with a relay that is heard, and without one.
    look_with_relay: float = 30.0
    look_alone: float = 2.0
    relay_silence: float = 5.0
    per_person: int = 10
    at_once: int = 5000
    farewell: float = 5.0
