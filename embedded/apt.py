"""Installing Debian packages where that is allowed, naming the exact command where it is not."""

import os
import shutil
import subprocess
from collections.abc import Sequence

from embedded.messages import say
from embedded.steps import run_step


def is_allowed() -> bool:
    """Whether packages can be installed without asking: as root, on a Debian-like system."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def command_for(packages: Sequence[str]) -> str:
    """The command that a person with the rights would type."""
    return f"sudo apt-get update && sudo apt-get install {' '.join(packages)}"


def install(packages: Sequence[str]) -> bool:
    """Install the packages; False when apt could not (its own messages are on the terminal)."""
    say(f"Installing system packages with apt: {' '.join(packages)}")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    steps = (["apt-get", "-q", "update"], ["apt-get", "-q", "install", "-y", "--no-install-recommends", *packages])
    for step in steps:
        status = run_step(step, environment=environment, output=subprocess.DEVNULL)
        # A stale third-party source fails the update, and yet the packages may well be there.
        if status != 0 and "install" in step:
            return False
    return True
