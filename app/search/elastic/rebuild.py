"""Filling a new index while searches go on with the old one and changes go to both, then letting searches read it.

Whatever happens in between, the old index is untouched. A rebuild that was cut off is taken up again where it was: how far it got stands in the index
itself.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import structlog
from flask import Flask, current_app

from app.extensions import db
from app.search import documents
from app.search.documents import Entry
from app.search.elastic import bulk, indices
from app.search.elastic.client import client, failures
from app.search.engine import EngineAway, EntriesRefused

log = structlog.get_logger()

BATCH = 500
_NOTED_EVERY = 4
_PAUSES = (0.5, 1, 2, 4, 8, 16)
_WHILE_FILLING = "30s"

Progress = Callable[[int], None]


def fill(progress: Progress) -> str:
    """Bring every job into an index that takes changes but is not read yet; return its name. `progress` is told how many each batch had.

    Raises EngineAway when Elasticsearch is away for longer than half a minute, and EntriesRefused at the end when there are some it will never take.
    """
    with failures():
        name, after = _unfinished() or (indices.create(), 0)
        _set_refresh(name, _WHILE_FILLING)
    refused: dict[int, str] = {}
    app: Flask = current_app._get_current_object()  # type: ignore[attr-defined]  # The proxy's own method.
    with ThreadPoolExecutor(1) as sender:
        sent: Future[dict[int, str]] | None = None
        for number, batch in enumerate(documents.read_batches(BATCH, after=after)):
            # The next batch is read and analysed while Elasticsearch takes this one; no transaction stays open meanwhile.
            db.session.rollback()
            if sent is not None:
                refused |= sent.result()
                if number % _NOTED_EVERY == 0:
                    _note(name, after)
            after = batch[-1].job_id
            sent = sender.submit(_send, app, batch, name)
            progress(len(batch))
        if sent is not None:
            refused |= sent.result()
    with failures():
        _set_refresh(name, indices.SETTINGS["refresh_interval"])
        client().indices.refresh(index=name)
    if refused:
        raise EntriesRefused(refused)
    return name


def _unfinished() -> tuple[str, int] | None:
    """The newest index that a rebuild began and did not end, and the last id that it is sure to hold."""
    begun = [name for name in indices.targets() if name != indices.live()]
    if not begun:
        return None
    mapping = client().indices.get_mapping(index=begun[-1])[begun[-1]]["mappings"]
    return begun[-1], int(mapping.get("_meta", {}).get("filled_to", 0))


def _note(name: str, after: int) -> None:
    with failures():
        client().indices.put_mapping(index=name, meta={"filled_to": after})


def _set_refresh(name: str, interval: str) -> None:
    client().indices.put_settings(index=name, settings={"index": {"refresh_interval": interval}})


def _send(app: Flask, batch: Sequence[Entry], name: str) -> dict[int, str]:
    """Write the batch, patiently; return what was refused."""
    with app.app_context():
        refused: dict[int, str] = {}
        for pause in (*_PAUSES, None):
            try:
                outcome = bulk.write(batch, [name])
            except EngineAway as error:
                if pause is None:
                    raise
                log.warning("search_rebuild_waits", error=str(error))
            else:
                refused |= outcome.refused
                batch = [entry for entry in batch if entry.job_id in outcome.postponed]
                if not batch:
                    return refused
                if pause is None:
                    raise EngineAway("Elasticsearch is too busy")
            time.sleep(pause)
        raise AssertionError("the last turn returns or raises")
