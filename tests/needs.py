"""What some tests need of the machine, and what to install where it is missing."""

import os

import pytest

from embedded import java

ELASTICSEARCH_URL = os.environ.get("ELASTICSEARCH_URL", "")
"""The node for the tests; bin/test starts one where Java and Maven are."""

# With `required` a missing node fails the tests that need it.
needs_elasticsearch = pytest.mark.skipif(
    not ELASTICSEARCH_URL and os.environ.get("ELASTICSEARCH_TESTS") != "required",
    reason=f"Elasticsearch is not running: bin/test starts it where Java and Maven are. {java.how_to_install()}",
)
