"""Folders that live as long as a process."""

from pathlib import Path

from embedded.scratch import scratch_folder


def ignore(folder: Path) -> None:
    assert folder.is_dir()


def test_a_folder_is_gone_at_the_end(tmp_path: Path) -> None:
    with scratch_folder(tmp_path / "scratch", ignore) as folder:
        (folder / "file").write_text("x")
        existed = folder.is_dir()

    assert existed
    assert not folder.exists()


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    with scratch_folder(tmp_path, ignore) as first, scratch_folder(tmp_path, ignore) as second:
        assert first != second
        assert first.is_dir()


def test_a_folder_whose_process_was_killed_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "left"
    left.mkdir()
    (left / "in-use").touch()
    seen: list[Path] = []

    with scratch_folder(tmp_path, seen.append):
        remaining = left.exists()

    assert not remaining
    assert seen[0] == left
