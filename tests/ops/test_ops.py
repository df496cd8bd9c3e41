"""Health, readiness, the API document and its offline page."""

import re
from pathlib import Path

from apiflask import APIFlask
from flask.testing import FlaskClient

from app import create_app
from tests.conftest import settings_for


def test_ready_names_every_back_end(client: FlaskClient) -> None:
    answer = client.get("/api/health/ready/")

    assert answer.status_code == 200
    assert answer.json["status"] == "ok"
    assert set(answer.json["backends"]) == {"postgresql", "redis", "cache", "search", "storage"}


def test_ready_is_degraded_but_200_without_redis(app: APIFlask, client: FlaskClient) -> None:
    app.config["REDIS_URL"], kept = "redis://127.0.0.1:1/0", app.config["REDIS_URL"]
    try:
        answer = client.get("/api/health/ready/")
    finally:
        app.config["REDIS_URL"] = kept

    assert answer.status_code == 200
    assert answer.json["status"] == "degraded"
    assert answer.json["backends"]["redis"]["status"] == "away"


def test_ready_is_503_without_the_database(tmp_path: Path) -> None:
    settings = settings_for("postgresql://nobody@127.0.0.1:1/nothing", 0, tmp_path)

    answer = create_app(settings).test_client().get("/api/health/ready/")

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"


def test_the_document_describes_every_route_of_the_api(app: APIFlask, client: FlaskClient) -> None:
    document = client.get("/api/openapi.json").json

    served = {re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")}
    assert document["openapi"].startswith("3.1")
    assert served == {path for path in document["paths"] if path.startswith("/api/v1/")}
    assert all(operation["summary"] for operations in document["paths"].values() for operation in operations.values())


def test_the_documentation_page_needs_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/api/docs/").text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert addresses
    assert all(address.startswith("/api/docs/") for address in addresses)
    assert [client.get(address).status_code for address in addresses] == [200] * len(addresses)
