"""What an index holds of each job: for comparing it with the jobs."""

from app.search.elastic.client import client, failures
from app.search.engine import Stored

_KEPT = ["job_id", "version", "is_deleted"]


def stored(index: str, *, after: int, limit: int) -> list[Stored]:
    """The copies, tombstones included, of jobs whose id is beyond `after`, in the order of the ids. One request, and a refresh before."""
    with failures():
        client().indices.refresh(index=index)
        beyond = {"range": {"job_id": {"gt": after}}}
        answer = client().search(index=index, query=beyond, sort=[{"job_id": "asc"}], size=limit, source_includes=_KEPT)
    sources = (hit["_source"] for hit in answer["hits"]["hits"])
    return [Stored(one["job_id"], one["version"], one["is_deleted"]) for one in sources]
