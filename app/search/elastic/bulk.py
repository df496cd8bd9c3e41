"""Writing many documents in one request, each judged by itself."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.search.documents import Entry
from app.search.elastic.client import client, failures, is_passing
from app.search.elastic.contents import source

_STALE = 409
_SECONDS = 30


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
    if not entries or not indexes:
        return outcome
    with failures():
        answer = (
            client()
            .options(request_timeout=_SECONDS)
            .bulk(operations=list(_operations(entries, indexes)), filter_path="items.*._id,items.*.status,items.*.error")
        )
    for item in answer["items"]:
        _judge(item["index"], outcome)
    return outcome


def _operations(entries: Iterable[Entry], indexes: Sequence[str]) -> Iterator[dict[str, Any]]:
    for entry in entries:
        body = source(entry)
        for index in indexes:
            yield {"index": {"_index": index, "_id": str(entry.job_id), "version": entry.version, "version_type": "external_gte"}}
            yield body


def _judge(item: dict[str, Any], outcome: Outcome) -> None:
    job_id, status = int(item["_id"]), item["status"]
    if status < 300:
        outcome.written.add(job_id)
    elif is_passing(status):
        outcome.postponed[job_id] = _reason(item)
    elif status != _STALE:
        outcome.refused[job_id] = _reason(item)


def _reason(item: dict[str, Any]) -> str:
    error = item.get("error", {})
    return f"{error.get('type', item['status'])}: {error.get('reason', '')}"[:500]
