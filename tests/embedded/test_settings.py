"""What bin/serve reads, and what it hands on."""

from pathlib import Path

import pytest

from embedded.backends import Wanted
from embedded.messages import StartError
from embedded.settings import ServeSettings


def test_the_environment_beats_the_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PORT=9001\nFLOWER_PORT=9002\nSMTP_URL=smtp://mail\n")

    settings = ServeSettings.read(tmp_path, {"PORT": "9003"})

    assert (settings.addresses.port, settings.addresses.flower_port) == (9003, 9002)
    assert settings.environment["SMTP_URL"] == "smtp://mail"


@pytest.mark.parametrize(("variables", "catches"), [({}, True), ({"SMTP_URL": ""}, True), ({"SMTP_URL": "smtp://mail.example.com"}, False)])
def test_mail_is_caught_unless_a_server_is_named(tmp_path: Path, variables: dict[str, str], catches: bool) -> None:
    assert ServeSettings.read(tmp_path, variables).catches_mail is catches


def test_defaults_apply_when_nothing_is_set(tmp_path: Path) -> None:
    settings = ServeSettings.read(tmp_path, {"PORT": ""})

    assert (settings.addresses.api, settings.addresses.flower, settings.demo_jobs) == ("http://127.0.0.1:8000", "http://127.0.0.1:5555", 300)


def test_an_api_on_every_interface_is_shown_by_its_local_address(tmp_path: Path) -> None:
    settings = ServeSettings.read(tmp_path, {"HOST": "0.0.0.0", "PORT": "8001"})

    assert settings.addresses.api == "http://127.0.0.1:8001"


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"PORT": "eighty"}, "PORT=eighty is not a port: it must be a number from 1 to 65535."),
        ({"PORT": "0"}, "PORT=0 is not a port: it must be a number from 1 to 65535."),
        ({"FLOWER_PORT": "65536"}, "FLOWER_PORT=65536 is not a port: it must be a number from 1 to 65535."),
        ({"PORT": "5555"}, "PORT and FLOWER_PORT are both 5555: choose two different ports."),
        ({"MAIL_PORT": "5555"}, "FLOWER_PORT and MAIL_PORT are both 5555: choose two different ports."),
        ({"DEMO_JOBS": "many"}, "DEMO_JOBS=many is not a number."),
    ],
)
def test_a_wrong_value_is_named(tmp_path: Path, variables: dict[str, str], message: str) -> None:
    with pytest.raises(StartError) as caught:
        ServeSettings.read(tmp_path, variables)

    assert str(caught.value) == message


def test_processes_get_private_back_ends_and_defaults_but_keep_what_was_set(tmp_path: Path) -> None:
    settings = ServeSettings.read(tmp_path, {"STORAGE_URL": "s3://bucket", "SECRET_KEY": "", "DATABASE_URL": ""})

    environment = settings.for_processes(tmp_path / "var", "generated", {"DATABASE_URL": "postgresql://private"})

    assert environment == {
        "SECRET_KEY": "generated",
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "FRONTEND_URL": "http://127.0.0.1:8000",
        "STORAGE_URL": "s3://bucket",
        "DATABASE_URL": "postgresql://private",
        "PORT": "8000",
        "FLOWER_PORT": "5555",
        "PYTHONUNBUFFERED": "1",
    }


def test_processes_read_the_file_themselves_so_that_a_reload_takes_its_changes(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("PDF_GENERATION_RATE=1/hour\nSTORAGE_URL=s3://bucket\nFLOWER_PORT=5600\n")
    settings = ServeSettings.read(tmp_path, {"LOGIN_RATE": ""})

    environment = settings.for_processes(tmp_path / "var", "generated", {})

    assert settings.environment["PDF_GENERATION_RATE"] == "1/hour"
    assert environment["FLOWER_PORT"] == "5600"
    assert environment["LOGIN_RATE"] == "", "an empty rate means unlimited and must reach the processes"
    assert {"PDF_GENERATION_RATE", "STORAGE_URL"} & set(environment) == set()


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, Wanted(postgres=True, redis_state=True, redis_cache=True)),
        ({"DATABASE_URL": "postgresql://x"}, Wanted(postgres=False, redis_state=True, redis_cache=True)),
        ({"REDIS_URL": "redis://x", "REDIS_CACHE_URL": ""}, Wanted(postgres=True, redis_state=False, redis_cache=True)),
        ({"REDIS_CACHE_URL": "redis://x"}, Wanted(postgres=True, redis_state=True, redis_cache=False)),
    ],
)
def test_each_back_end_is_private_unless_its_variable_is_set(variables: dict[str, str], wanted: Wanted) -> None:
    assert Wanted.by(variables) == wanted
