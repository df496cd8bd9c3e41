"""`/api/health/`, `/api/health/ready/` and `/metrics`."""

from apiflask import APIBlueprint
from flask import Response

from app.core.auth import public
from app.core.contract import JSON, returns
from app.core.schemas import OutModel
from app.extensions import limiter
from app.ops import health, metrics

blp = APIBlueprint("ops", __name__, tag="Operations")
limiter.exempt(blp)


class HealthOut(OutModel):
    status: str


class BackEnd(OutModel):
    status: str
    detail: str | None


class ReadyOut(OutModel):
    """`status` is `ok`, `degraded` (something is away, see `backends`) or `away` (503)."""

    status: str
    backends: dict[str, BackEnd]


@blp.get("/api/health/")
@public
@returns(HealthOut)
def alive() -> HealthOut:
    """The process serves requests; nothing else is asked."""
    return HealthOut(status="ok")


@blp.get("/api/health/ready/")
@public
@returns(ReadyOut)
def ready() -> Response:
    """Each back end's state; 503 only when PostgreSQL is away."""
    checks = health.check_all()
    serving = checks["postgresql"].is_fine
    status = "ok" if all(check.is_fine for check in checks.values()) else "degraded" if serving else "away"
    backends = {name: BackEnd(status=check.status, detail=check.detail) for name, check in checks.items()}
    headers = {} if serving else {"Retry-After": "5"}
    body = ReadyOut(status=status, backends=backends).model_dump_json()
    return Response(body, status=200 if serving else 503, headers=headers, content_type=JSON)


@blp.get("/metrics")
@blp.doc(hide=True)
@public
def expose_metrics() -> Response:
    """Prometheus text; keep the path inside the network at the proxy."""
    return Response(metrics.render(), content_type=metrics.CONTENT_TYPE_LATEST)
