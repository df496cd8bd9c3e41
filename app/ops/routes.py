"""`/api/health/`, `/api/health/ready/` and `/metrics`."""

from apiflask import APIBlueprint
from flask import Response

from app.core.auth import public
from app.core.contract import returns
from app.core.problems import Unavailable
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
    """`status` is `ok` or `degraded` (something is away, see `backends`)."""

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
def ready() -> ReadyOut:
    """Each back end's state; a problem (503) with the same `backends` only when PostgreSQL is away."""
    checks = health.check_all()
    backends = {name: BackEnd(status=check.status, detail=check.detail) for name, check in checks.items()}
    if not checks["postgresql"].is_fine:
        raise Unavailable("The database is away.", backends={name: state.model_dump() for name, state in backends.items()})
    return ReadyOut(status="ok" if all(check.is_fine for check in checks.values()) else "degraded", backends=backends)


@blp.get("/metrics")
@blp.doc(hide=True)
@public
def expose_metrics() -> Response:
    """Prometheus text; keep the path inside the network at the proxy."""
    return Response(metrics.render(), content_type=metrics.CONTENT_TYPE_LATEST)
