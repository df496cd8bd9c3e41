"""veraPDF, the reference checker of PDF/UA: where it is kept, and how it gets there.

It is Java and comes from Maven, which fetches it into `var/verapdf` the first time that a test wants it.
"""

import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
KEPT = Path(os.environ.get("VERAPDF_LIB", HERE.parents[2] / "var" / "verapdf"))
INSTALL = "needs Java 11 or newer with its compiler, and Maven: apt-get install default-jdk-headless maven"
OFFLINE = "Maven could not fetch veraPDF; see what `mvn -f tests/resumes/verapdf dependency:copy-dependencies` says"


def libraries() -> Path | None:
    """The folder with veraPDF's archives, fetched if need be; None where Maven cannot get them."""
    if not _is_complete(KEPT):
        _fetch()
    return KEPT if _is_complete(KEPT) else None


def is_possible() -> bool:
    """Whether there is what runs veraPDF, and veraPDF itself or what fetches it."""
    return shutil.which("javac") is not None and (shutil.which("mvn") is not None or _is_complete(KEPT))


def _is_complete(folder: Path) -> bool:
    return any(folder.glob("validation-model-*.jar"))


def _fetch() -> None:
    """Fetch into a folder of our own and move it, so that parallel tests never see half of it."""
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    fresh = KEPT.with_name(f"{KEPT.name}.{os.getpid()}")
    command = ["mvn", "-q", "-B", "-f", str(HERE), "dependency:copy-dependencies", f"-DoutputDirectory={fresh}"]
    done = subprocess.run(command, capture_output=True, timeout=240, check=False)
    if done.returncode == 0 and not _is_complete(KEPT):
        shutil.rmtree(KEPT, ignore_errors=True)
        fresh.rename(KEPT)
    shutil.rmtree(fresh, ignore_errors=True)
