"""`/api/openapi.json`, made from the routes' models, and `/api/docs/`, Swagger UI from local files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import flask_swagger_ui
from apiflask import APIFlask
from flask import Response, json, render_template_string, send_from_directory
from pydantic import BaseModel

from app.core.auth import public
from app.core.contract import REFERENCE
from app.core.schemas import OutModel

ASSETS = Path(flask_swagger_ui.__file__).parent / "dist"
FRAMEWORK_VIEWS = frozenset({"static"})
CONFIG: dict[str, object] = {
    "OPENAPI_VERSION": "3.1.0",
    # The document is kept: the host that its first reader wrote into his request must not become everybody's.
    "AUTO_SERVERS": False,
    "AUTO_404_RESPONSE": False,
    "AUTO_VALIDATION_ERROR_RESPONSE": False,
    "AUTO_AUTH_ERROR_RESPONSE": False,
    "SYNC_LOCAL_SPEC": False,
    "DESCRIPTION": "Lists take `limit` and `offset`; every error is `application/problem+json`. Paths answer under `/api/` as well.",
}

_PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta name="viewport" content="width=device-width, initial-scale=1">
  <title>{{ title }}</title>
  <link rel="stylesheet" href="/api/docs/assets/swagger-ui.css">
  <link rel="icon" href="/api/docs/assets/favicon-32x32.png">
</head>
<body>
  <div id="swagger-ui"></div>
  <script src="/api/docs/assets/swagger-ui-bundle.js"></script>
  <script src="/api/docs/start.js"></script>
</body>
</html>
"""
_START = """SwaggerUIBundle({url: "/api/openapi.json", dom_id: "#swagger-ui", deepLinking: true, persistAuthorization: true, docExpansion: "none"});
"""


class ProblemOut(OutModel):
    """An error (RFC 9457). A validation error adds `errors`, and the same lists at top level."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: dict[str, list[str]] | None = None


def register(app: APIFlask) -> None:
    """Add the document and its page to `app`."""

    @app.get("/api/openapi.json")
    @app.doc(hide=True)
    @public
    def openapi() -> Response:
        if "openapi" not in app.extensions:
            further = [model for view in app.view_functions.values() for model in getattr(view, "_spec", {}).get("further_models", ())]
            app.extensions["openapi"] = json.dumps(_complete(cast(dict[str, Any], app.spec), further))
        return Response(app.extensions["openapi"], content_type="application/json")

    @app.get("/api/docs/")
    @app.doc(hide=True)
    @public
    def docs_page() -> str:
        return render_template_string(_PAGE, title=app.title)

    @app.get("/api/docs/start.js")
    @app.doc(hide=True)
    @public
    def docs_start() -> Response:
        return Response(_START, content_type="text/javascript")

    @app.get("/api/docs/assets/<path:name>")
    @app.doc(hide=True)
    @public
    def docs_asset(name: str) -> Response:
        return send_from_directory(ASSETS, name, max_age=86400)


def _complete(spec: dict[str, Any], further: Iterable[type[BaseModel]]) -> dict[str, Any]:
    """Add what the routes share: the ways to sign in, and the one shape of errors; and the models of their `further` answers."""
    components = spec.setdefault("components", {})
    components["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
        "cookie": {"type": "apiKey", "in": "cookie", "name": "access_token"},
    }
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = ProblemOut.model_json_schema()
    for model in further:
        schema = model.model_json_schema(ref_template=REFERENCE, mode="serialization")
        for name, part in {**schema.pop("$defs", {}), model.__name__: schema}.items():
            schemas.setdefault(name, part)
    problem: dict[str, Any] = {
        "description": "A problem document.",
        "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for operations in spec["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict) and "responses" in operation:
                operation["responses"].setdefault("default", problem)
                for status, response in operation["responses"].items():
                    if status.startswith("4"):
                        response["content"] |= problem["content"]
    return {**spec, "security": [{}, {"bearer": []}, {"cookie": []}]}
