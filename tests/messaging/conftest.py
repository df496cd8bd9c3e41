"""Two people with an application between them, for what needs real commits."""

import pytest
from apiflask import APIFlask

from app.core.unit_of_work import unit_of_work
from tests.factories import ApplicationFactory


@pytest.fixture
def pair(committed_app: APIFlask) -> tuple[int, int, int]:
    """An application, its candidate and its recruiter, committed: their ids."""
    with committed_app.app_context(), unit_of_work():
        made = ApplicationFactory()
        return made.id, made.candidate_id, made.company.owner_id
