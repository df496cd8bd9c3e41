"""A worker whose clock is wrong, and a watch over the leases that it could disturb."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from embedded import apt
from faults.board import Board, Server, visiting_worker
from faults.scenario import NotHere
from faults.stage import Stage

_PACKAGE = "libfaketime"
# Debian's package has a folder an architecture.
_PLACES = ("usr/lib/*/faketime", "usr/lib64/faketime", "usr/lib/faketime", "usr/local/lib/faketime")
_LIBRARY = "libfaketimeMT.so.1"

# A claim must begin a lease that ends within the longest time limit and its margin; nobody but its holder may end one before its time: a sweep
# leaves attempts and error as they are, or buries with the words of app/core/leases.py.
_WATCH = """
    CREATE TABLE lease_faults (what text, task_id bigint, name text);
    CREATE FUNCTION watch_leases() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        clock timestamptz := clock_timestamp();
        is_swept boolean := NEW.state = 'PENDING' AND NEW.attempts = OLD.attempts AND NEW.error IS NOT DISTINCT FROM OLD.error
            OR NEW.state = 'DEAD' AND NEW.error = 'The worker was lost on every attempt.';
    BEGIN
        IF OLD.state = 'RUNNING' AND OLD.lease_until > clock AND (is_swept OR NEW.fencing_token <> OLD.fencing_token) THEN
            INSERT INTO lease_faults VALUES ('taken before their end', OLD.id, OLD.name);
        END IF;
        IF NEW.fencing_token <> OLD.fencing_token AND NEW.lease_until NOT BETWEEN clock AND clock + interval '310 seconds' THEN
            INSERT INTO lease_faults VALUES ('of a wrong length', OLD.id, OLD.name);
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER watch_leases AFTER UPDATE ON tasks FOR EACH ROW EXECUTE FUNCTION watch_leases();
"""
_UNWATCH = "DROP TRIGGER watch_leases ON tasks; DROP FUNCTION watch_leases; DROP TABLE lease_faults"


def library() -> Path:
    """libfaketime, installed where apt may. Raises NotHere."""
    found = _find()
    if found is None and apt.is_allowed():
        apt.install([_PACKAGE])
        found = _find()
    if found is None:
        raise NotHere(f"libfaketime: {apt.command_for([_PACKAGE])}")
    return found


def _find() -> Path | None:
    return next((path for place in _PLACES for path in Path("/").glob(f"{place}/{_LIBRARY}")), None)


@contextmanager
def wrong_worker(board: Board, name: str, offset: str) -> Iterator[Server]:
    """A worker of all queues but that of the presses, as of another machine, whose clock is wrong by `offset` ("+600s"). From the main thread.

    Its monotonic clock is right, as it is on such a machine. (libfaketime 0.9.10 then breaks `time.sleep`, which no task uses.)
    """
    lie = ("env", f"LD_PRELOAD={library()}", f"FAKETIME={offset}", "FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1")
    program = visiting_worker(board.environment, name, "payments,default,search,maintenance")
    server = Server(replace(program, command=(*lie, *program.command)))
    server.start()
    board.helpers.add(server.pid or 0)
    try:
        yield server
    finally:
        server.close()
        board.helpers.discard(server.pid or 0)


@contextmanager
def watched_leases(stage: Stage) -> Iterator[None]:
    """A failure for each lease that is ended before its time by somebody else, or begun with a wrong length, while the block lasts."""
    stage.sql(_WATCH)
    try:
        yield
        found = stage.sql("SELECT what, name, count(*) FROM lease_faults GROUP BY what, name ORDER BY what, name")
        stage.failures += [f"{number} leases of {name} were {what}" for what, name, number in found]
        stage.remarks.append(f"{sum(int(str(number)) for _, _, number in found)} leases taken before their end or of a wrong length")
    finally:
        stage.sql(_UNWATCH)
