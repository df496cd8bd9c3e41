"""When the checkout's environment is made, filled and left alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from embedded.messages import StartError
from embedded.system_libraries import missing_packages
from embedded.virtual_environment import VirtualEnvironment

# Stands in for the environment's interpreter: usable, and writes down what it is asked to install.
FAKE_PYTHON = '#!/bin/sh\ncase "$*" in *"pip install"*) echo "$*" >> "{log}"; exit {status};; esac\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with two requirement files and an environment whose pip only takes notes."""
    (tmp_path / "a.txt").write_text("one==1\n")
    (tmp_path / "b.txt").write_text("two==2\n")
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / ".location").write_text(str(tmp_path / ".venv"))
    fake_python(tmp_path)
    return tmp_path


def fake_python(checkout: Path, status: int = 0) -> None:
    python = checkout / ".venv" / "bin" / "python"
    python.write_text(FAKE_PYTHON.format(log=checkout / "installs", status=status))
    python.chmod(0o755)


def installs(checkout: Path) -> int:
    log = checkout / "installs"
    return len(log.read_text().splitlines()) if log.exists() else 0


def test_requirements_are_installed_once(checkout: Path) -> None:
    for _ in range(2):
        VirtualEnvironment(checkout).ensure(["a.txt", "b.txt"])

    assert installs(checkout) == 1
    assert (checkout / "installs").read_text().endswith("--no-input -r a.txt -r b.txt\n")


def test_fewer_requirements_than_installed_need_nothing(checkout: Path) -> None:
    VirtualEnvironment(checkout).ensure(["a.txt", "b.txt"])

    VirtualEnvironment(checkout).ensure(["a.txt"])

    assert installs(checkout) == 1


def test_a_changed_requirement_file_is_installed(checkout: Path) -> None:
    VirtualEnvironment(checkout).ensure(["a.txt"])
    (checkout / "a.txt").write_text("one==2\n")

    VirtualEnvironment(checkout).ensure(["a.txt"])

    assert installs(checkout) == 2


def test_a_failed_installation_is_reported_and_marked_as_unfinished(checkout: Path) -> None:
    fake_python(checkout, status=1)

    with pytest.raises(StartError, match="could not be installed"):
        VirtualEnvironment(checkout).ensure(["a.txt"])

    assert (checkout / ".venv" / ".installing").exists()
    assert not (checkout / ".venv" / ".installed-a.txt").exists()


@pytest.mark.parametrize("damage", ["unfinished", "moved", "broken", "absent"])
def test_an_environment_that_cannot_be_trusted_is_made_anew(checkout: Path, damage: str) -> None:
    venv = checkout / ".venv"
    if damage == "unfinished":
        (venv / ".installing").touch()
    elif damage == "moved":
        (venv / ".location").write_text("/elsewhere/.venv")
    elif damage == "broken":
        (venv / "bin" / "python").write_text("#!/bin/sh\nexit 127\n")
    else:
        (venv / "bin" / "python").unlink()

    base = checkout / "base"
    base.write_text(f'#!/bin/sh\necho "$*" > {checkout}/made\nrm -f {venv}/.installing\n')
    base.chmod(0o755)

    VirtualEnvironment(checkout, str(base)).ensure([])

    assert (checkout / "made").read_text() == f"-m venv --clear {venv}\n"
    assert (venv / ".location").read_text() == str(venv)
    assert not (venv / ".installing").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere: run bin/test as an ordinary user")
def test_an_environment_of_another_user_is_named(checkout: Path) -> None:
    (checkout / ".venv").chmod(0o555)

    with pytest.raises(StartError, match="belongs to another user"):
        VirtualEnvironment(checkout).ensure(["a.txt"])


def test_the_requirement_files_name_every_package_that_is_needed() -> None:
    # They are installed without resolving anything; this runs in the environment that was filled so.
    check = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True)

    assert check.stdout == "No broken requirements found.\n"


def test_only_the_packages_of_absent_libraries_are_missing() -> None:
    assert missing_packages({"libc.so.6": "libc6", "libdoes-not-exist.so.9": "libdoes-not-exist9"}) == ["libdoes-not-exist9"]
