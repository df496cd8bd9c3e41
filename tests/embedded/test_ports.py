"""Choosing and checking ports."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.messages import StartError
from embedded.ports import PortBook, find_free_port, is_free, require_free


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


def test_a_listening_port_is_not_free(taken_port: int) -> None:
    assert not is_free(taken_port)


def test_a_port_is_free_again_while_its_old_connections_linger() -> None:
    port = find_free_port()
    with socket.create_server(("127.0.0.1", port)) as server, socket.create_connection(("127.0.0.1", port)):
        # The side that closes first keeps the address in TIME_WAIT.
        accepted, _ = server.accept()
        accepted.close()

    assert is_free(port)


def test_a_taken_port_is_refused_in_words(taken_port: int) -> None:
    with pytest.raises(StartError) as caught:
        require_free("PORT", taken_port)

    assert str(caught.value) == (
        f"Port {taken_port} is already in use on 127.0.0.1. Stop what uses it, or choose another: PORT={taken_port + 1} bin/serve"
    )


def test_an_address_of_another_machine_is_refused_in_words() -> None:
    with pytest.raises(StartError, match=r"Port 8000 on 192\.0\.2\.1 cannot be used"):
        require_free("PORT", 8000, "192.0.2.1")


def test_ports_are_remembered(tmp_path: Path) -> None:
    first = PortBook(tmp_path / "ports.json").assign(["a", "b"])

    second = PortBook(tmp_path / "ports.json").assign(["b", "a"])

    assert second == first
    assert first["a"] != first["b"]


def test_a_remembered_port_that_is_taken_is_replaced(tmp_path: Path) -> None:
    book = PortBook(tmp_path / "ports.json")
    before = book.assign(["a", "b"])
    with socket.create_server(("127.0.0.1", before["a"])):
        after = book.assign(["a", "b"])

    assert after["a"] not in before.values()
    assert after["b"] == before["b"]


@pytest.mark.parametrize("content", ["", "{", "[]", json.dumps({"a": "x"}), json.dumps({"a": 80}), json.dumps({"a": True})])
def test_a_damaged_memory_is_replaced(tmp_path: Path, content: str) -> None:
    path = tmp_path / "ports.json"
    path.write_text(content)

    ports = PortBook(path).assign(["a"])

    assert 15_000 <= ports["a"] < 30_000
    assert json.loads(path.read_text()) == ports
