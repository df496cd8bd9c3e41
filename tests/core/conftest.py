"""What several tests of the core need."""

import pytest
from apiflask import APIFlask

from app.core import idempotency
from tests.core.shop import Shop, open_shop


@pytest.fixture
def shop(committed_app: APIFlask, monkeypatch: pytest.MonkeyPatch) -> Shop:
    """A shop whose twins wait for less than half a second."""
    monkeypatch.setattr(idempotency, "LONGEST_WAIT", 0.4)
    return open_shop(committed_app)
