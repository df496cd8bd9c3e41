"""The shared libraries that no wheel carries: Pango for the PDF renderer, with what it draws in (fontconfig, HarfBuzz, GObject)."""

import ctypes
import sys
from collections.abc import Mapping

from embedded import apt
from embedded.messages import StartError, say, warn

# File to load -> Debian package. The names are those that WeasyPrint loads; Pango's package brings GObject, HarfBuzz and fontconfig.
REQUIRED = {"libpango-1.0.so.0": "libpango-1.0-0", "libpangoft2-1.0.so.0": "libpangoft2-1.0-0"}
# Without it fonts are subset in Python: the same document in about twice the time.
HELPFUL = {"libharfbuzz-subset.so.0": "libharfbuzz-subset0"}


def missing_packages(libraries: Mapping[str, str]) -> list[str]:
    """The packages of those libraries that cannot be loaded."""
    return [package for library, package in libraries.items() if not _loads(library)]


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def ensure_libraries() -> None:
    """Install what is missing where apt may. Raises StartError when Pango is still missing; a helpful library only warns."""
    if sys.platform != "linux":
        # Other systems name and place these files in their own ways; WeasyPrint itself then says what it misses.
        return
    wanted = missing_packages({**REQUIRED, **HELPFUL})
    if wanted and apt.is_allowed() and not apt.install(wanted):
        warn("apt could not install everything.")
    required, helpful = missing_packages(REQUIRED), missing_packages(HELPFUL)
    if required:
        raise StartError(f"The PDF renderer needs Pango, which is not on this machine. Install it with:\n  {apt.command_for([*required, *helpful])}")
    if helpful:
        say(f"Note: PDF rendering is faster with:\n  {apt.command_for(helpful)}")
