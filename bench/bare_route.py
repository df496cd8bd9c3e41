"""The least that Flask can do: one route that returns a body of the size of a job. What the cached detail is measured against."""

from flask import Flask, Response

BODY = b"x" * 1200
app = Flask(__name__)


@app.get("/api/v1/jobs/<reference>/")
def read(reference: str) -> Response:
    return Response(BODY, content_type="application/json")
