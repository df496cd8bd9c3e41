"""`/job-alerts/unsubscribe/`: called by mail programs (POST) and by people who follow the link (GET)."""

from apiflask import APIBlueprint
from flask import Response, render_template

from app.alerts import unsubscribing
from app.alerts.schemas import UnsubscribeQuery
from app.core.auth import public
from app.core.contract import queries, returns_file
from app.core.unit_of_work import unit_of_work

blp = APIBlueprint("unsubscribe", __name__, tag="Job alerts", template_folder="templates")

_HEADERS = {
    # The page holds no script and sends its form home; nobody may frame it, keep it, or learn its address, in which the token is.
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


@blp.get("/job-alerts/unsubscribe/")
@public
@queries(UnsubscribeQuery)
@returns_file("text/html")
def confirm_unsubscribe(query: UnsubscribeQuery) -> Response:
    """A page with one button. It changes nothing: programs that look at the links of a mail must not end a subscription."""
    return _page(is_done=not unsubscribing.find_subscriber(query.token).job_alerts_enabled, token=query.token)


@blp.post("/job-alerts/unsubscribe/")
@public
@queries(UnsubscribeQuery)
@returns_file("text/html")
def unsubscribe(query: UnsubscribeQuery) -> Response:
    """End all job alert mails of one person at once (RFC 8058): no signing in, no cookie, no CSRF token; the link itself is the proof."""
    with unit_of_work():
        unsubscribing.unsubscribe(query.token)
    return _page(is_done=True, token=query.token)


def _page(*, is_done: bool, token: str) -> Response:
    return Response(render_template("unsubscribe.html", is_done=is_done, token=token), headers=_HEADERS, content_type="text/html; charset=utf-8")
