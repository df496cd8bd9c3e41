"""What some tests need of the machine, and what to install where it is missing."""

import ctypes
import os
import platform
from pathlib import Path

import pytest

from embedded import java

ELASTICSEARCH_URL = os.environ.get("ELASTICSEARCH_URL", "")
"""The node for the tests; bin/test starts one where Java and Maven are."""

# With `required` a missing node fails the tests that need it.
needs_elasticsearch = pytest.mark.skipif(
    not ELASTICSEARCH_URL and os.environ.get("ELASTICSEARCH_TESTS") != "required",
    reason=f"Elasticsearch is not running: bin/test starts it where Java and Maven are. {java.how_to_install()}",
)

_HAS_NUMBERS = platform.machine() in ("x86_64", "aarch64")

# Asked of the kernel, and not of the code under test, which would else be free to leave its walls out.
needs_seccomp = pytest.mark.skipif(
    not (_HAS_NUMBERS and Path("/proc/sys/kernel/seccomp/actions_avail").exists()),
    reason="The kernel filters no system calls: Linux with CONFIG_SECCOMP_FILTER on x86-64 or ARM64 does.",
)
needs_landlock = pytest.mark.skipif(
    # The version of the kernel's Landlock (landlock_create_ruleset with LANDLOCK_CREATE_RULESET_VERSION), or -1.
    not (_HAS_NUMBERS and ctypes.CDLL(None).syscall(444, None, 0, 1) > 0),
    reason="The kernel has no Landlock: Linux 5.13 with CONFIG_SECURITY_LANDLOCK on x86-64 or ARM64, and landlock among its lsm=, has.",
)
