"""The first half of an edition: each distinct search once over the jobs that were opened since its last run.

PostgreSQL's engine is asked, whichever answers people: it is there when Elasticsearch is not, and who is behind is known from one task. The jobs are
named to it by their ids, so that the time of opening need not be in an index.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog
from pydantic import ValidationError
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app.alerts import editions, wording
from app.alerts.models import AlertEdition, AlertMatch, AlertSearch, EditionState
from app.core.clock import now
from app.extensions import db
from app.jobs.company_jobs import is_taking_applications
from app.jobs.models import Job
from app.search.choice import POSTGRES
from app.search.criteria import NEWEST
from app.search.engine import EngineQuery

log = structlog.get_logger()

SEARCHES_AT_A_TIME = 50
JOBS_AT_A_TIME = 1000

# A search that nobody had on for a while does not look at half a year.
FURTHEST_BACK = timedelta(days=8)

Opening = tuple[int, datetime]


def match_slice(edition: AlertEdition) -> bool:
    """Run the next searches of a locked edition; False when none is left. What they found and how far they came commit together."""
    if edition.state != EditionState.MATCHING:
        return False
    beyond = (AlertSearch.id > edition.last_search_id, editions.has_readers())
    searches = db.session.scalars(select(AlertSearch).where(*beyond).order_by(AlertSearch.id).limit(SEARCHES_AT_A_TIME)).all()
    if not searches:
        edition.state, edition.matched_at = EditionState.DIGESTING, now()
        return False
    floor = edition.cutoff - FURTHEST_BACK
    openings = _opened(max(floor, min(search.matched_until for search in searches)), edition.cutoff)
    edition.matches += sum(_match(search, openings, edition) for search in searches)
    ids = [search.id for search in searches]
    seen = update(AlertSearch).where(AlertSearch.id.in_(ids), AlertSearch.matched_until < edition.cutoff).values(matched_until=edition.cutoff)
    db.session.execute(seen.execution_options(synchronize_session=False))
    edition.last_search_id, edition.searches_done = ids[-1], edition.searches_done + len(ids)
    return True


def _opened(after: datetime, until: datetime) -> Sequence[Opening]:
    """The jobs that take applications and were opened for the first time in that span."""
    opened = (Job.published_at > after, Job.published_at <= until, is_taking_applications())
    rows = db.session.execute(select(Job.id, Job.published_at).where(*opened).order_by(Job.published_at))
    return [(job_id, moment) for job_id, moment in rows if moment is not None]


def _match(search: AlertSearch, openings: Sequence[Opening], edition: AlertEdition) -> int:
    """Store which of the openings the search finds; how many they are."""
    opened_at = {job_id: moment for job_id, moment in openings if moment > search.matched_until}
    try:
        text, filters = wording.read(search.criteria)
    except ValidationError as error:
        # One search that this release cannot read must not hold up everybody's mail.
        log.error("alert_search_unreadable", search_id=search.id, errors=error.error_count())
        return 0
    found: list[int] = []
    ids = tuple(opened_at)
    for start in range(0, len(ids), JOBS_AT_A_TIME):
        among = ids[start : start + JOBS_AT_A_TIME]
        asked = EngineQuery(text=text, filters=filters, ordering=NEWEST, limit=len(among), among_ids=among)
        found += POSTGRES.search(asked).ids
    rows = [{"search_id": search.id, "job_id": job_id, "day": edition.day, "opened_at": opened_at[job_id]} for job_id in found]
    if rows:
        db.session.execute(insert(AlertMatch).values(rows).on_conflict_do_nothing())
    return len(rows)
