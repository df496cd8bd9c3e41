"""The checkout's own Python environment, `.venv`, holding exactly the pinned requirements. Only the standard library."""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from embedded import apt
from embedded.messages import StartError, say
from embedded.steps import run_step

_USABLE = "import sys, pip; sys.exit(sys.version_info < (3, 11))"


class VirtualEnvironment:
    """`.venv` in `root`, which may not exist yet; `base` is the interpreter to make it with."""

    def __init__(self, root: Path, base: str = sys.executable) -> None:
        self._root = root
        self._base = base
        self._folder = root / ".venv"
        self._location = self._folder / ".location"
        self._unfinished = self._folder / ".installing"

    @property
    def python(self) -> Path:
        """The environment's interpreter."""
        return self._folder / "bin" / "python"

    def ensure(self, requirements: Sequence[str]) -> None:
        """Make the environment and install the requirement files, unless a stamp says that they are installed as they now are."""
        if self._unfinished.exists() or not self._is_usable():
            self._create()
        stale = [name for name in requirements if not self._is_installed(name)]
        if stale:
            self._install(requirements)

    def _is_usable(self) -> bool:
        # The commands in an environment name their interpreter by its full path, so a moved checkout needs a new one.
        if not self.python.exists() or not self._location.exists() or self._location.read_text() != str(self._folder):
            return False
        return subprocess.run([self.python, "-c", _USABLE], stderr=subprocess.DEVNULL).returncode == 0

    def _create(self) -> None:
        say(f"Creating the environment .venv with Python {sys.version.split()[0]}")
        _ensure_venv_module()
        self._check_writable()
        # The new process looks the module up afresh, so a package that apt has just installed is found.
        _run([self._base, "-m", "venv", "--clear", str(self._folder)], "The environment .venv could not be made.")
        self._location.write_text(str(self._folder))

    def _install(self, requirements: Sequence[str]) -> None:
        self._check_writable()
        say("Installing the pinned requirements (a minute or two, only when they change)")
        # A killed pip leaves half a package that it later takes for a whole one; the mark makes the next start begin anew.
        self._unfinished.touch()
        arguments = [argument for name in requirements for argument in ("-r", name)]
        # The files name every package of the whole closure. Asked to resolve, pip would look at newer releases too, as soon as there are any, for a
        # package that is required with an extra ("pydantic[email]"), and then refuse them for want of a hash.
        pip = [str(self.python), "-m", "pip", "install", "--no-deps", "--quiet", "--disable-pip-version-check", "--no-input", *arguments]
        _run(pip, "The requirements could not be installed; the lines above say why. Start again when that is mended.", directory=self._root)
        for name in requirements:
            self._stamp(name).write_text(self._fingerprint(name))
        self._unfinished.unlink()

    def _stamp(self, name: str) -> Path:
        return self._folder / f".installed-{name}"

    def _is_installed(self, name: str) -> bool:
        stamp = self._stamp(name)
        return stamp.exists() and stamp.read_text() == self._fingerprint(name)

    def _fingerprint(self, name: str) -> str:
        return hashlib.sha256((self._root / name).read_bytes()).hexdigest()

    def _check_writable(self) -> None:
        place = self._folder if self._folder.exists() else self._root
        if not os.access(place, os.W_OK):
            raise StartError(f"{place} belongs to another user and cannot be written. Use that user, or a checkout of your own.")


def _ensure_venv_module() -> None:
    """Debian splits `venv` off into a package of its own."""
    if importlib.util.find_spec("ensurepip") and importlib.util.find_spec("venv"):
        return
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    if apt.is_allowed() and apt.install([package]):
        return
    if shutil.which("apt-get"):
        raise StartError(f"This Python cannot make environments. Install the missing part with:\n  {apt.command_for([package])}")
    raise StartError(
        f"This Python ({sys.executable}) lacks the modules venv and ensurepip: install them, or name another one with PYTHON=/path/to/python3."
    )


def _run(command: Sequence[str], failure: str, directory: Path | None = None) -> None:
    """Run a step of the set-up. Raises StartError with `failure` when it does not succeed."""
    # Settings meant for another installation would put the packages elsewhere.
    environment = {name: value for name, value in os.environ.items() if name not in {"PIP_TARGET", "PIP_PREFIX", "PIP_USER"}}
    environment["PIP_ROOT_USER_ACTION"] = "ignore"
    if run_step(command, directory=directory, environment=environment) != 0:
        raise StartError(failure)
