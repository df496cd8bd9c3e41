"""A candidate's saved searches."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from app.accounts import service as accounts
from app.accounts.models import User
from app.alerts import wording
from app.alerts.errors import AlertExists, AlertNotFound, TooManyAlerts
from app.alerts.models import AlertSearch, Frequency, JobAlert
from app.core.clock import now
from app.core.problems import Invalid
from app.extensions import db

MOST_ALERTS = 20


def listing(owner: User) -> Select[JobAlert]:
    """The alerts of `owner`."""
    return select(JobAlert).where(JobAlert.user_id == owner.id)


def get_alert(owner: User, alert_id: int, *, for_update: bool = False) -> JobAlert:
    """One alert of `owner`. Raises AlertNotFound for another's too."""
    query = listing(owner).where(JobAlert.id == alert_id)
    alert = db.session.scalar(query.with_for_update() if for_update else query)
    if alert is None:
        raise AlertNotFound
    return alert


def create(owner: User, query: str, filters: Mapping[str, Any], frequency: Frequency) -> tuple[JobAlert, bool]:
    """The alert, and whether it is new: the same search is saved once. Whoever saves one wants mail, so the account's switch is turned on.

    Raises Invalid for a search that leaves nothing out, TooManyAlerts.
    """
    # The person's row guards their number of alerts.
    person = accounts.get_user(owner.id, for_update=True)
    person.job_alerts_enabled = True
    search_id = _search_id(query, filters)
    first = db.session.scalar(listing(owner).where(JobAlert.search_id == search_id))
    if first is not None:
        return first, False
    if (db.session.scalar(select(func.count()).where(JobAlert.user_id == owner.id)) or 0) >= MOST_ALERTS:
        raise TooManyAlerts
    alert = JobAlert(user_id=owner.id, search_id=search_id, query=query, filters=dict(filters), frequency=frequency, since=now())
    db.session.add(alert)
    db.session.flush()
    return alert, True


def change(owner: User, alert_id: int, changes: Mapping[str, Any]) -> JobAlert:
    """Set `query`, `filters` or `frequency`. Raises AlertNotFound, AlertExists, Invalid.

    What is searched for anew, or again after a rest, has no past: only jobs that are opened from now on are news.
    """
    for field in ("query", "filters", "frequency"):
        if field in changes and changes[field] is None:
            raise Invalid({field: "This field cannot be null."})
    accounts.get_user(owner.id, for_update=True)
    alert = get_alert(owner, alert_id, for_update=True)
    query, filters = changes.get("query", alert.query), changes.get("filters", alert.filters)
    search_id = _search_id(query, filters)
    if search_id != alert.search_id:
        if db.session.scalar(listing(owner).where(JobAlert.search_id == search_id)) is not None:
            raise AlertExists
        alert.search_id, alert.since = search_id, now()
    frequency = changes.get("frequency", alert.frequency)
    if alert.frequency == Frequency.OFF and frequency != Frequency.OFF:
        alert.since = now()
    alert.query, alert.filters, alert.frequency = query, dict(filters), frequency
    db.session.flush()
    return alert


def remove(owner: User, alert_id: int) -> None:
    """Forget an alert. Raises AlertNotFound."""
    if db.session.scalar(delete(JobAlert).where(JobAlert.id == alert_id, JobAlert.user_id == owner.id).returning(JobAlert.id)) is None:
        raise AlertNotFound


def _search_id(query: str, filters: Mapping[str, Any]) -> int:
    """The search that all who mean the same share, made if need be. Raises Invalid."""
    criteria = wording.canonical(query, filters)
    if not wording.narrows(criteria):
        raise Invalid({"query": "Say what to look for: words, or a filter."})
    mark = wording.fingerprint(criteria)
    made = insert(AlertSearch).values(fingerprint=mark, criteria=criteria, matched_until=now()).on_conflict_do_nothing()
    db.session.execute(made)
    return db.session.scalars(select(AlertSearch.id).where(AlertSearch.fingerprint == mark)).one()
