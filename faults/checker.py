"""What became of the operations, by PostgreSQL alone: what was accepted must be there, and be there once."""

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row

from faults.history import History, Kind, Outcome
from faults.people import Pair

# Well beyond the longest lease and the second time that a lost message is sent again.
_STILL_SECONDS = 180.0

_UNFINISHED = """
    SELECT name, state, count(*) AS number FROM tasks
    WHERE created_at >= %(since)s AND state IN ('PENDING', 'SENT', 'RUNNING', 'DEAD') GROUP BY name, state ORDER BY name, state
"""
_TRANSACTIONS = """
    SELECT t.id,
        (SELECT count(*) FROM ledger_groups g WHERE g.source = 'transaction:' || t.id) AS groups,
        (SELECT count(*) FROM credit_grants c WHERE c.transaction_id = t.id) AS grants,
        (SELECT count(*) FROM receipts r WHERE r.transaction_id = t.id AND r.file_id IS NOT NULL) AS receipts,
        (SELECT count(*) FROM notifications n WHERE n.user_id = t.user_id AND n.type = 'PAYMENT_SUCCEEDED'
            AND n.data ->> 'transaction_id' = t.id::text) AS notifications
    FROM transactions t WHERE t.user_id = ANY(%(recruiters)s)
"""
_JOBS = """
    SELECT j.id, j.title, j.version, d.version AS indexed, d.title AS indexed_title
    FROM jobs j LEFT JOIN search_documents d ON d.job_id = j.id WHERE j.id = ANY(%(jobs)s)
"""
_MESSAGES = """
    SELECT m.content, (SELECT count(*) FROM notifications n WHERE n.user_id = ANY(%(recruiters)s) AND n.type = 'NEW_MESSAGE'
        AND n.data ->> 'message_id' = m.id::text) AS notifications
    FROM messages m WHERE m.conversation_id = ANY(%(conversations)s)
"""
_UNREAD = """
    SELECT p.conversation_id, p.unread, (SELECT count(*) FROM messages m WHERE m.conversation_id = p.conversation_id) AS messages
    FROM conversation_participants p WHERE p.conversation_id = ANY(%(conversations)s) AND p.user_id = ANY(%(recruiters)s)
"""
_RESUMES = """
    SELECT r.id, r.pdf_status, count(DISTINCT f.id) AS files, count(DISTINCT n.id) AS notifications
    FROM resumes r
    LEFT JOIN stored_files f ON f.id = r.pdf_file_id
    LEFT JOIN notifications n ON n.user_id = r.user_id AND n.type = 'RESUME_READY' AND n.data ->> 'resume_id' = r.id::text
    WHERE r.id = ANY(%(resumes)s) GROUP BY r.id
"""
_PRINTED = "SELECT count(*) AS number FROM stored_files WHERE owner_id = ANY(%(candidates)s) AND key LIKE 'resume-pdfs/%%'"
_WORK = """
    SELECT count(*) AS tasks, coalesce(sum(attempts), 0) AS starts,
        count(*) FILTER (WHERE attempts > 1) AS restarted, count(*) FILTER (WHERE send_count > 1) AS resent,
        percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at)) AS p50,
        percentile_disc(0.99) WITHIN GROUP (ORDER BY extract(epoch FROM finished_at - created_at)) AS p99,
        max(extract(epoch FROM finished_at - created_at)) AS longest
    FROM tasks WHERE created_at >= %(since)s
        AND name IN ('payments.settle', 'notifications.deliver', 'search.index_job', 'search.index_elastic', 'pdf.render')
"""


@dataclass
class Findings:
    """What is missing, what is there too often, a sentence each; and how the tasks of the effects went, their times in seconds."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    work: dict[str, Any] = field(default_factory=dict)

    def expect_one(self, what: str, number: int) -> None:
        """Note it unless there is just one."""
        if number != 1:
            (self.lost if number == 0 else self.doubled).append(f"{number} times {what}")


class Checker:
    """Looks at what the people of one scenario have left since `since`."""

    def __init__(self, database_url: str, since: datetime, pairs: Sequence[Pair], history: History) -> None:
        self._database_url = database_url
        self._history = history
        self._names = {
            "since": since,
            "recruiters": [pair.recruiter.id for pair in pairs],
            "candidates": [pair.candidate.id for pair in pairs],
            "jobs": [pair.job_id for pair in pairs],
            "conversations": [pair.conversation_id for pair in pairs],
            "resumes": [resume_id for pair in pairs for resume_id in pair.resume_ids],
        }

    def settle(self) -> list[str]:
        """Wait until all tasks have ended, or nothing has moved for long; what has not, or is dead, a sentence each."""
        seen, moved_at = None, time.monotonic()
        while True:
            left = self._rows(_UNFINISHED)
            if left != seen:
                seen, moved_at = left, time.monotonic()
            if all(row["state"] == "DEAD" for row in left) or time.monotonic() > moved_at + _STILL_SECONDS:
                return [f"{row['number']} tasks {row['name']} are {row['state']}" for row in left]
            time.sleep(0.5)

    def check(self) -> Findings:
        """Compare the history with the tables."""
        findings = Findings(lost=self.settle())
        self._check_purchases(findings)
        self._check_edits(findings)
        self._check_messages(findings)
        self._check_pdfs(findings)
        [findings.work] = self._rows(_WORK)
        return findings

    def _check_purchases(self, findings: Findings) -> None:
        made = {row["id"]: row for row in self._rows(_TRANSACTIONS)}
        known: Counter[int] = Counter()
        for operation in self._history.of(Kind.PURCHASE):
            if "transaction_id" in operation.found:
                known[operation.found["transaction_id"]] += 1
            if operation.outcome == Outcome.OK:
                row = made.get(operation.found["transaction_id"], Counter())
                for effect in ("groups", "grants", "receipts", "notifications"):
                    findings.expect_one(f"{effect} of transaction {operation.found['transaction_id']}", row[effect])
        findings.doubled += [f"transaction {row_id} answers {number} keys" for row_id, number in known.items() if number > 1]
        nameless = sum("transaction_id" not in operation.found for operation in self._history.of(Kind.PURCHASE, Outcome.UNKNOWN))
        if len(unasked := made.keys() - known.keys()) > nameless:
            findings.doubled.append(f"{len(unasked)} transactions that no answer names, with {nameless} orders of unknown outcome")

    def _check_edits(self, findings: Findings) -> None:
        rows = {row["id"]: row for row in self._rows(_JOBS)}
        for job_id, row in rows.items():
            edits = [operation for operation in self._history.of(Kind.EDIT) if operation.found["job_id"] == job_id]
            accepted = [operation for operation in edits if operation.outcome == Outcome.OK]
            if accepted:
                # Its own client alone edits a job, one edit after the other.
                possible = [operation for operation in edits[edits.index(accepted[-1]) :] if operation.outcome != Outcome.FAILED]
                unknown = sum(operation.outcome == Outcome.UNKNOWN for operation in edits)
                versions = row["version"] - 1
                if row["title"] not in [operation.found["title"] for operation in possible] or versions < len(accepted):
                    findings.lost.append(f"job {job_id} has {versions} of {len(accepted)} edits, its title is {row['title']}")
                if versions > len(accepted) + unknown:
                    findings.doubled.append(f"job {job_id} has {versions} versions of {len(accepted)} edits")
                if (row["version"], row["title"]) != (row["indexed"], row["indexed_title"]):
                    findings.lost.append(f"job {job_id} is indexed in version {row['indexed']}, not {row['version']}")

    def _check_messages(self, findings: Findings) -> None:
        rows = self._rows(_MESSAGES)
        written = Counter(row["content"] for row in rows)
        for operation in self._history.of(Kind.MESSAGE, Outcome.OK):
            findings.expect_one(operation.found["content"], written[operation.found["content"]])
        allowed = {operation.found["content"] for operation in self._history.of(Kind.MESSAGE) if operation.outcome != Outcome.FAILED}
        findings.doubled += [f"{content} was never accepted" for content in written.keys() - allowed]
        for row in rows:
            findings.expect_one(f"the notification of {row['content']}", row["notifications"])
        for row in self._rows(_UNREAD):
            if row["unread"] != row["messages"]:
                findings.lost.append(f"conversation {row['conversation_id']} counts {row['unread']} of {row['messages']} unread messages")

    def _check_pdfs(self, findings: Findings) -> None:
        rows = {row["id"]: row for row in self._rows(_RESUMES)}
        for operation in self._history.of(Kind.PDF, Outcome.OK):
            resume_id = operation.found["resume_id"]
            for effect in ("files", "notifications"):
                findings.expect_one(f"{effect} of the PDF of résumé {resume_id}", rows[resume_id][effect])
        stored = sum(row["files"] for row in rows.values())
        [printed] = self._rows(_PRINTED)
        if printed["number"] > stored:
            findings.doubled.append(f"{printed['number']} files of {stored} PDFs")

    def _rows(self, query: str) -> list[DictRow]:
        with psycopg.connect(self._database_url, row_factory=dict_row, connect_timeout=5) as connection:
            return connection.execute(query, self._names).fetchall()
