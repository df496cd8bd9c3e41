"""The file of generated passwords."""

import stat
from pathlib import Path

import pytest

from embedded.credentials import Credentials, load_credentials
from embedded.messages import StartError


def test_they_are_made_once_and_only_the_owner_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"

    first = load_credentials(path)
    second = load_credentials(path)

    assert first == second
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == ["secrets.json"]


def test_no_two_values_are_the_same(tmp_path: Path) -> None:
    one, other = Credentials.generate(), Credentials.generate()

    values = [*vars(one).values(), *vars(other).values()]
    assert len(set(values)) == len(values) == 10
    assert min(len(value) for value in values) == 43


def test_they_do_not_show_when_printed() -> None:
    credentials = Credentials.generate()

    assert credentials.secret_key not in repr(credentials)


def test_a_draft_left_by_a_killed_start_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "secrets.new").write_text("{")

    load_credentials(tmp_path / "secrets.json")

    assert (tmp_path / "secrets.json").exists()


@pytest.mark.parametrize("content", ["", "[1]", '{"secret_key": "x"}'])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(content)

    with pytest.raises(StartError, match=r"secrets\.json is damaged"):
        load_credentials(path)
