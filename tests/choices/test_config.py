"""The enumerations that clients offer."""

from flask.testing import FlaskClient

from app.choices.labels import LABELS


def test_each_enumeration_is_served_with_its_labels(client: FlaskClient) -> None:
    answer = client.get("/api/v1/config/")

    assert answer.status_code == 200
    assert answer.json["job_type"][0] == {"value": "FULL_TIME", "label": "Full-time", "label_vi": "Toàn thời gian"}
    assert [choice["value"] for choice in answer.json["application_status"]] == [
        "PENDING",
        "REVIEWING",
        "INTERVIEW_SCHEDULED",
        "OFFER_EXTENDED",
        "ACCEPTED",
        "REJECTED",
        "WITHDRAWN",
    ]
    assert set(answer.json) == set(LABELS)


def test_no_value_of_an_enumeration_is_without_a_label() -> None:
    for labels in LABELS.values():
        enumeration = type(next(iter(labels)))

        assert list(labels) == list(enumeration)


def test_a_client_that_has_them_gets_304(client: FlaskClient) -> None:
    etag = client.get("/api/v1/config/").headers["ETag"]

    again = client.get("/api/config", headers={"If-None-Match": etag})

    assert (again.status_code, again.data) == (304, b"")
