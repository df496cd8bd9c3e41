"""What several payment tests need."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from config import Settings
from tests.conftest import settings_for


@pytest.fixture
def make_settings(template_database: str, worker_number: int, tmp_path: Path) -> Callable[..., Settings]:
    """The test settings with other values."""
    return partial(settings_for, template_database, worker_number, tmp_path)
