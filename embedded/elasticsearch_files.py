"""The files of Elasticsearch, obtained as a Maven artifact: the genuine minimal distribution that its own tests use, without a JDK or plugins."""

import fcntl
import hashlib
import shutil
import subprocess
import zipfile
from pathlib import Path

from embedded.messages import StartError, say
from embedded.steps import run_step

VERSION = "8.19.0"
_ARTIFACT = f"org.elasticsearch.distribution.integ-test-zip:elasticsearch:{VERSION}:zip"
# What Maven fetches is compared with this, whatever repository it was told to use.
_SHA256 = "14833b2d86c30656901f92049f81fb5777a8e4545413c8656cd1a21b55173033"


def obtain(folder: Path) -> Path:
    """The archive of the distribution (97 MB) in `folder`, fetched unless it is there. Raises StartError."""
    archive = folder / f"elasticsearch-{VERSION}.zip"
    folder.mkdir(parents=True, exist_ok=True)
    # Of two first starts in a checkout, one would remove what the other fetches.
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not archive.exists() or _digest(archive) != _SHA256:
            _fetch(archive)
    return archive


def _fetch(archive: Path) -> None:
    say(f"Fetching Elasticsearch {VERSION} with Maven (97 MB, only once)")
    archive.unlink(missing_ok=True)
    # Neither goal nor folder needs a project.
    fetch = ["mvn", "-B", "-q", "dependency:copy", f"-Dartifact={_ARTIFACT}", f"-DoutputDirectory={archive.parent}"]
    if run_step(fetch, directory=archive.parent, output=subprocess.DEVNULL) != 0 or not archive.exists():
        raise StartError(f"Maven could not fetch Elasticsearch. To see why:\n  {' '.join(fetch)}")
    if _digest(archive) != _SHA256:
        raise StartError(f"{archive} is not Elasticsearch {VERSION} as it was published. Remove it, also from Maven's own repository, and try again.")


def unpack(archive: Path, target: Path) -> None:
    """Lay the distribution's files out as `target`, readable by everyone, unless they are there."""
    if target.exists():
        return
    draft = target.with_name(f"{target.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    with zipfile.ZipFile(archive) as packed:
        for entry in packed.infolist():
            extracted = Path(packed.extract(entry, draft))
            # The module leaves the permissions out; those of the archive keep other accounts from the configuration.
            extracted.chmod(0o755 if entry.is_dir() or (entry.external_attr >> 16) & 0o100 else 0o644)
    draft.chmod(0o755)
    # Renamed as the last step, so that an unpacking that is killed leaves nothing that looks finished.
    (draft / f"elasticsearch-{VERSION}").rename(target)
    draft.rmdir()


def _digest(archive: Path) -> str:
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
