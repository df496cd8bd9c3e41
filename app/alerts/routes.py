"""`/job-alerts/`: a candidate's saved searches."""

from apiflask import APIBlueprint
from flask import Response

from app.alerts import service
from app.alerts.models import JobAlert
from app.alerts.schemas import AlertCreate, AlertOut, AlertPatch
from app.core.auth import Role, current_actor, require
from app.core.contract import JSON, accepts, answers_also, queries, returns
from app.core.pagination import ListQuery, Page, page, page_of, paginate
from app.core.unit_of_work import unit_of_work

blp = APIBlueprint("job_alerts", __name__, tag="Job alerts")
AlertPage = page_of(AlertOut)
_ORDERINGS = {"created_at": JobAlert.created_at}


@blp.get("/job-alerts/")
@require(Role.CANDIDATE)
@queries(ListQuery)
@returns(AlertPage)
def list_alerts(query: ListQuery) -> Page[AlertOut]:
    """Your saved searches, the latest first."""
    rows, total = paginate(service.listing(current_actor()), query, orderings=_ORDERINGS, tie=JobAlert.id)
    return page(AlertPage, rows, total, query, AlertOut.model_validate)


@blp.post("/job-alerts/")
@require(Role.CANDIDATE)
@accepts(AlertCreate)
@returns(AlertOut, 201)
@answers_also(200, "It was saved before.", AlertOut)
def create_alert(data: AlertCreate) -> Response:
    """Save a search and be mailed what is new: DAILY at 08:00, WEEKLY on Mondays, or OFF to rest.

    All your alerts come in one mail, and no job comes twice. Saving a search twice answers 200 with the first. Turns `job_alerts_enabled` on.
    """
    with unit_of_work():
        alert, is_new = service.create(current_actor(), data.query, data.filters.chosen(), data.frequency)
        body = AlertOut.model_validate(alert).model_dump_json()
    return Response(body, status=201 if is_new else 200, content_type=JSON)


@blp.get("/job-alerts/<int:alert_id>/")
@require(Role.CANDIDATE)
@returns(AlertOut)
def get_alert(alert_id: int) -> AlertOut:
    """One of your saved searches."""
    return AlertOut.model_validate(service.get_alert(current_actor(), alert_id))


@blp.patch("/job-alerts/<int:alert_id>/")
@require(Role.CANDIDATE)
@accepts(AlertPatch)
@returns(AlertOut)
def change_alert(alert_id: int, data: AlertPatch) -> AlertOut:
    """Change the search or how often you hear of it."""
    changes = data.given()
    if data.filters is not None:
        changes["filters"] = data.filters.chosen()
    with unit_of_work():
        return AlertOut.model_validate(service.change(current_actor(), alert_id, changes))


@blp.delete("/job-alerts/<int:alert_id>/")
@require(Role.CANDIDATE)
@returns(None)
def delete_alert(alert_id: int) -> None:
    """Forget a saved search."""
    with unit_of_work():
        service.remove(current_actor(), alert_id)
