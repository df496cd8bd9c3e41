"""Scenarios about single tasks: one that kills its worker, one that commits late, one whose worker has a wrong clock."""

import re
import signal
import time
from itertools import cycle

from faults import nemesis
from faults.board import LOGS
from faults.poison import NAMES
from faults.scenario import scenario
from faults.stage import Stage
from faults.wrong_clock import watched_leases, wrong_worker

# More than a sweep's interval, and half the lease of a settlement, which is the shortest.
_PAUSE = 6.0
_POISONS_A_QUEUE = 4
_SWEPT = re.compile(r"maintenance\.sweep_tasks\[.* succeeded")


@scenario
def clocks_wrong(stage: Stage) -> None:
    """A worker whose clock is 10 minutes ahead, then one 10 minutes behind, which does all sweeps, beside workers that are paused for a part
    of their leases with work in hand: no lease is taken before its end, by the database's clock."""
    held = 0
    with watched_leases(stage):
        for name, offset in (("ahead", "+600s"), ("behind", "-600s")):
            nemesis.send_to_all(stage.board, "worker-maintenance", signal.SIGSTOP)
            with wrong_worker(stage.board, name, offset), stage.load(seconds=30, share=0.5) as load:
                for _ in load.ticks(2):
                    held += _pause(stage, "worker-pdf")
                    held += _pause(stage, "worker-payments")
                nemesis.send_to_all(stage.board, "worker-maintenance", signal.SIGCONT)
            done = (LOGS / f"{name}.log").read_text(errors="replace")
            tasks, sweeps = done.count("task_done"), len(_SWEPT.findall(done))
            if not tasks or not sweeps:
                stage.failures.append(f"the worker whose clock was {name} has done {tasks} tasks and {sweeps} sweeps")
            stage.remarks.append(f"the worker whose clock was 10 min {name} has done {tasks} tasks and {sweeps} sweeps")
    if not held:
        stage.failures.append("no worker was ever paused with work in hand")
    stage.remarks.append(f"{held} tasks in the hands of workers that were paused")


def _pause(stage: Stage, worker: str) -> int:
    """Stop a worker for some seconds; how many tasks it has held all the while."""
    stage.strikes += nemesis.send_to_all(stage.board, worker, signal.SIGSTOP) > 0
    stopped = stage.clock()
    time.sleep(_PAUSE)
    [(held,)] = stage.sql("SELECT count(*) FROM tasks WHERE state = 'RUNNING' AND claimed_at < %(stopped)s", stopped=stopped)
    nemesis.send_to_all(stage.board, worker, signal.SIGCONT)
    return int(str(held))


@scenario
def tasks_poisoned(stage: Stage) -> None:
    """Tasks that kill their process (SIGKILL, SIGSEGV) on three queues: each ends dead after its last attempt, the others flow meanwhile."""
    signals = cycle((signal.SIGKILL, signal.SIGSEGV))
    made = [stage.sql(_ADD_POISON, name=name, args=f'{{"signal": {int(next(signals))}}}')[0][0] for name in NAMES for _ in range(_POISONS_A_QUEUE)]
    with stage.load(seconds=40):
        pass
    stage.wait_for("an end of all poisoned tasks", lambda: not stage.sql(_ALIVE, ids=made), 300)
    ends = stage.sql(_ENDS, ids=made)
    stage.strikes = sum(int(str(attempts)) for _, attempts, _, _ in ends)
    if wrong := [f"{state} after {attempts} of {most}" for state, attempts, most, _ in ends if state != "DEAD" or attempts != most]:
        stage.failures.append(f"poisoned tasks are {', '.join(wrong)} attempts")
    shortest = min(float(str(seconds)) for _, _, _, seconds in ends)
    [(others, restarted, p99)] = stage.sql(_NEIGHBOURS, since=stage.since)
    if float(str(p99)) >= shortest:
        stage.failures.append(f"the neighbours' p99 is {p99:.1f} s, while a poisoned task took {shortest:.1f} s to its end")
    stage.remarks.append(
        f"{len(made)} poisoned tasks dead after {stage.strikes} attempts, the first after {shortest:.0f} s; "
        f"{others} neighbours, {restarted} of them tried again, p99 {p99:.1f} s"
    )
    for task_id in made:
        stage.board.flask("tasks", "discard", str(task_id))


@scenario
def commits_late(stage: Stage) -> None:
    """Every tenth transaction that leaves a task commits 5 s late, below ids that were sent meanwhile: none is skipped."""
    stage.sql(_DELAY)
    try:
        with stage.load(seconds=40):
            pass
    finally:
        stage.sql(_UNDELAY)
    [(late, overtaken)] = stage.sql(_OVERTAKEN, since=stage.since)
    stage.strikes = int(str(late))
    if not overtaken:
        stage.failures.append("no task was overtaken by a higher id")
    stage.remarks.append(f"{late} tasks committed late, {overtaken} of them after a higher id had been sent")


_ADD_POISON = "INSERT INTO tasks (name, args, max_attempts) VALUES (%(name)s, %(args)s::jsonb, 8) RETURNING id"
_ALIVE = "SELECT id FROM tasks WHERE id = ANY(%(ids)s) AND state IN ('PENDING', 'SENT', 'RUNNING')"
_ENDS = """
    SELECT state, attempts, max_attempts, extract(epoch FROM coalesce(finished_at, clock_timestamp()) - created_at) FROM tasks
    WHERE id = ANY(%(ids)s)
"""
_NEIGHBOURS = """
    SELECT count(*), count(*) FILTER (WHERE attempts > 1),
        percentile_disc(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM coalesce(finished_at, clock_timestamp()) - created_at))
    FROM tasks WHERE created_at >= %(since)s AND name NOT LIKE '%%.poison'
"""
# Tasks that requests leave: a settlement that leaves one holds the books' accounts, for which the next would wait.
_DELAY = """
    CREATE FUNCTION commit_late() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(5); RETURN NULL; END $$;
    CREATE CONSTRAINT TRIGGER commit_late AFTER INSERT ON tasks DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.id %% 10 = 0 AND NEW.name IN ('payments.settle', 'search.index_job', 'pdf.render')) EXECUTE FUNCTION commit_late()
"""
_UNDELAY = "DROP TRIGGER commit_late ON tasks; DROP FUNCTION commit_late"
_OVERTAKEN = """
    SELECT count(*), count(*) FILTER (WHERE EXISTS (
        SELECT FROM tasks n WHERE n.id > t.id AND n.sent_at < t.created_at + interval '5 seconds'))
    FROM tasks t WHERE id %% 10 = 0 AND created_at >= %(since)s AND name IN ('payments.settle', 'search.index_job', 'pdf.render')
"""
