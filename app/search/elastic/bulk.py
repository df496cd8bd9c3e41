"""Writing many documents in few requests, each judged by itself."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from elasticsearch import ApiError

from app.search.documents import Entry
from app.search.elastic.client import client, failures, is_refusal
from app.search.elastic.contents import source

_STALE = 409
_SECONDS = 10
"""How long a request may take. Who was not answered comes again, and what was written meanwhile is written over by itself."""
_SHARD_WAIT = "1s"
"""How long the node itself waits for an index that is red; a minute by default, for which a worker would serve nobody else."""
_MOST_BYTES = 8 * 1024 * 1024
"""Of one request: a node takes 100 MB at most, and needs memory for several times that."""

_Line = tuple[Entry, bytes]


@dataclass(slots=True)
class Outcome:
    """What became of the entries, by the ids of their jobs: `refused` never will be taken, `postponed` may be later; each with the reason."""

    written: set[int] = field(default_factory=set)
    refused: dict[int, str] = field(default_factory=dict)
    postponed: dict[int, str] = field(default_factory=dict)


def write(entries: Sequence[Entry], indexes: Sequence[str]) -> Outcome:
    """Store the entries in each of the indexes, unless a newer version is there, which counts as done. Raises EngineAway.

    Versions are those of the rows (`external_gte`): who comes late changes nothing, and the same version may be written again by a rebuild.
    """
    outcome = Outcome()
    if entries and indexes:
        for lines in _requests(entries, len(indexes)):
            _send(lines, indexes, outcome)
    return outcome


def _requests(entries: Sequence[Entry], copies: int) -> Iterator[list[_Line]]:
    lines: list[_Line] = []
    size = 0
    for entry in entries:
        body = json.dumps(source(entry), ensure_ascii=False, separators=(",", ":")).encode()
        if lines and size + copies * len(body) > _MOST_BYTES:
            yield lines
            lines, size = [], 0
        lines.append((entry, body))
        size += copies * len(body)
    yield lines


def _send(lines: Sequence[_Line], indexes: Sequence[str], outcome: Outcome) -> None:
    """One request. When it is refused as a whole, its halves are sent, until what is at fault stands alone."""
    to = client().options(request_timeout=_SECONDS)
    with failures():
        try:
            answer = to.bulk(
                operations=list(_operations(lines, indexes)), timeout=_SHARD_WAIT, filter_path="items.*._id,items.*.status,items.*.error"
            )
        except ApiError as error:
            if not is_refusal(error.status_code, error.error):
                raise
            refusal = str(error)[:500]
        else:
            for item in answer["items"]:
                _judge(item["index"], outcome)
            return
    if len(lines) == 1:
        outcome.refused[lines[0][0].job_id] = refusal
        return
    half = len(lines) // 2
    _send(lines[:half], indexes, outcome)
    _send(lines[half:], indexes, outcome)


def _operations(lines: Sequence[_Line], indexes: Sequence[str]) -> Iterator[Any]:
    for entry, body in lines:
        for index in indexes:
            yield {"index": {"_index": index, "_id": str(entry.job_id), "version": entry.version, "version_type": "external_gte"}}
            yield body


def _judge(item: dict[str, Any], outcome: Outcome) -> None:
    job_id, status = int(item["_id"]), item["status"]
    if status < 300:
        outcome.written.add(job_id)
    elif is_refusal(status, item.get("error", {}).get("type")):
        outcome.refused[job_id] = _reason(item)
    elif status != _STALE:
        # Also an index that was dropped meanwhile, or a user who may not write: nothing that the document could be blamed for.
        outcome.postponed[job_id] = _reason(item)


def _reason(item: dict[str, Any]) -> str:
    error = item.get("error", {})
    return f"{error.get('type', item['status'])}: {error.get('reason', '')}"[:500]
