"""How commands in another terminal find the running board."""

from pathlib import Path

from dotenv import dotenv_values

from embedded.served_environment import write_environment


def test_commands_read_back_what_was_written_and_nobody_else_does(tmp_path: Path) -> None:
    path = tmp_path / "serve.env"
    variables = {"DATABASE_URL": "postgresql://jobboard:p%23w@127.0.0.1:5/jobboard", "SECRET_KEY": "a#b $HOME c"}

    for _ in range(2):
        write_environment(path, variables)

    assert dict(dotenv_values(path)) == variables
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in tmp_path.iterdir()] == ["serve.env"]
