"""The indexes behind the aliases: one is read, and while another is being filled, both are written.

The names hold the mapping's fingerprint. After a change of the mapping there is no index until a rebuild has made one, and searches are answered by
PostgreSQL; processes that still run the code before go on with theirs.
"""

import re
from collections.abc import Sequence
from time import time_ns

from elasticsearch import BadRequestError, NotFoundError
from flask import current_app

from app.search.elastic.client import client
from app.search.elastic.mapping import MAPPINGS, SETTINGS, fingerprint

_SECONDS = 2
"""What a worker asks before it sends documents is soon answered, or the node hangs."""


def family() -> str:
    """What the names of the indexes of this mapping begin with; also the alias that is read."""
    return f"{current_app.config['ELASTICSEARCH_INDEX']}-{fingerprint()}"


def writing_alias() -> str:
    """The alias of every index that takes changes."""
    return f"{family()}-write"


def targets() -> list[str]:
    """The indexes that take changes now: asked for every request, so that no change misses an index that a rebuild has just begun."""
    return _behind(writing_alias())


def live() -> str | None:
    """The index that is read; None before the first rebuild."""
    return next(iter(_behind(family())), None)


def create() -> str:
    """Make an empty index that takes changes from now on; return its name."""
    name = f"{family()}-{time_ns()}"
    client().indices.create(index=name, settings={"index": SETTINGS}, mappings=MAPPINGS, aliases={writing_alias(): {}})
    return name


def prepare() -> str:
    """The index that is read, made empty when there is none. Two that do this at once agree on one."""
    found = live()
    if found is not None:
        return found
    name = f"{family()}-0"
    try:
        client().indices.create(index=name, settings={"index": SETTINGS}, mappings=MAPPINGS, aliases={writing_alias(): {}, family(): {}})
    except BadRequestError as error:
        if error.error != "resource_already_exists_exception":
            raise
    return name


def swap(name: str) -> list[str]:
    """Let searches read the index, and it alone, in one step; return those that were read before, which take no more changes."""
    before = [other for other in _behind(family()) if other != name]
    actions: list[dict[str, dict[str, str]]] = [{"add": {"index": name, "alias": family()}}]
    for other in before:
        actions += [{"remove": {"index": other, "alias": family()}}, {"remove": {"index": other, "alias": writing_alias()}}]
    client().indices.update_aliases(actions=actions)
    return before


def retired() -> list[str]:
    """Indexes of this mapping that nobody reads and that take no changes: those before the last swaps."""
    with_aliases = client().indices.get_alias(index=f"{family()}-*", expand_wildcards="all")
    return sorted(name for name, found in with_aliases.items() if not found["aliases"])


def outgrown() -> list[str]:
    """The indexes of other mappings, which code before or after this one reads."""
    ours = re.compile(rf"{re.escape(current_app.config['ELASTICSEARCH_INDEX'])}-[0-9a-f]{{12}}-[0-9]+")
    found = client().indices.get_alias(index=f"{current_app.config['ELASTICSEARCH_INDEX']}-*")
    return sorted(name for name in found if ours.fullmatch(name) and not name.startswith(f"{family()}-"))


def drop(names: Sequence[str]) -> None:
    """Remove indexes that are read no more."""
    for name in names:
        client().indices.delete(index=name, ignore_unavailable=True)


def _behind(alias: str) -> list[str]:
    try:
        return sorted(client().options(request_timeout=_SECONDS).indices.get_alias(name=alias))
    except NotFoundError:
        return []
