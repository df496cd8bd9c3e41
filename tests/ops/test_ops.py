"""Health, readiness, the API document and its offline page."""

import json
import re
from pathlib import Path

import pytest
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

    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert answer.headers["Retry-After"] == "5"
    assert answer.json["backends"]["postgresql"]["status"] == "away"


def test_the_document_describes_every_route_of_the_api(app: APIFlask, client: FlaskClient) -> None:
    document = client.get("/api/openapi.json").json

    served = {re.sub(r"<(?:[^<>:]+:)?([^<>]+)>", r"{\1}", rule.rule) for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/")}
    assert document["openapi"].startswith("3.1")
    assert served == {path for path in document["paths"] if path.startswith("/api/v1/")}
    assert all(operation["summary"] for operations in document["paths"].values() for operation in operations.values())


def test_the_document_takes_nothing_from_its_first_reader(tmp_path: Path) -> None:
    client = create_app(settings_for("postgresql://nobody@127.0.0.1:1/nothing", 0, tmp_path)).test_client()
    client.get("/api/openapi.json", headers={"Host": "thief.example"})

    answer = client.get("/api/openapi.json")

    assert "thief.example" not in answer.text


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("get", "/jobs/{reference}/", {"200", "304"}),
        ("post", "/jobs/saved/", {"200", "201"}),
        ("post", "/job-alerts/", {"200", "201"}),
        ("post", "/chats/conversations/", {"200", "201"}),
        ("post", "/resumes/{resume_id}/generate-pdf/", {"200", "202"}),
        ("get", "/resumes/{resume_id}/preview.png", {"200", "202", "304"}),
        ("get", "/resumes/{resume_id}/download/", {"200", "404"}),
        ("get", "/payments/vnpay_return/", {"200", "302"}),
        ("get", "/media/avatar/{file_id}/", {"200", "304"}),
        ("get", "/media/logo/{file_id}/", {"200", "304"}),
    ],
)
def test_the_document_tells_every_way_in_which_a_route_may_succeed(client: FlaskClient, method: str, path: str, statuses: set[str]) -> None:
    responses = client.get("/api/openapi.json").json["paths"][f"/api/v1{path}"][method]["responses"]

    assert set(responses) == {*statuses, "default"}


def test_the_document_knows_every_shape_that_it_refers_to(client: FlaskClient) -> None:
    answer = client.get("/api/openapi.json")

    named = set(re.findall(r"#/components/schemas/([^\"]+)", answer.text))
    assert named <= set(answer.json["components"]["schemas"])
    assert '"$defs"' not in json.dumps(answer.json["components"]["schemas"]["DownloadOut"])


def test_a_resume_without_a_pdf_is_the_one_plain_refusal(client: FlaskClient) -> None:
    document = client.get("/api/openapi.json").json

    plain = [
        path
        for path, operations in document["paths"].items()
        for operation in operations.values()
        for status, response in operation["responses"].items()
        if (status == "default" or status >= "400") and "application/json" in response["content"]
    ]
    assert plain == ["/api/v1/resumes/{resume_id}/download/"]


def test_the_documentation_page_needs_nothing_from_elsewhere(client: FlaskClient) -> None:
    page = client.get("/api/docs/").text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)

    assert addresses
    assert all(address.startswith("/api/docs/") for address in addresses)
    assert [client.get(address).status_code for address in addresses] == [200] * len(addresses)
