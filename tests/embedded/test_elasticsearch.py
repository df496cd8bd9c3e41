"""The private Elasticsearch: obtained, started under another account, asked with its password, stopped; and who may not have it."""

import os
import urllib.error
import urllib.request
import zipfile
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from embedded import apt, elasticsearch_files, java
from embedded.account import Account
from embedded.backends import Wanted
from embedded.elasticsearch import private_node
from embedded.messages import StartError
from embedded.ports import find_free_port
from embedded.processes import processes_in
from embedded.programs import running
from tests.needs import needs_elasticsearch

OURSELVES = Account(is_borrowed=False)


def make_java(home: Path, version: str) -> Path:
    """A folder that says it is a Java of that version."""
    command = home / "bin" / "java"
    command.parent.mkdir(parents=True)
    command.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n")
    command.chmod(0o755)
    return home


@needs_elasticsearch
def test_a_node_starts_answers_its_user_alone_and_ends(tmp_path: Path) -> None:
    ports = find_free_port(), find_free_port()
    # pytest's folders are closed to the other account, so the node's files lie elsewhere.
    with private_node(tmp_path / "node", *ports) as node:
        with pytest.raises(StartError, match="already runs"), private_node(tmp_path / "node", *ports):
            pass
        with running(node.program, tmp_path / "log"):
            node.wait_until_ready(180)
            processes = processes_in(node.program.directory)
            accounts = {process.uids().real for process in processes}
            address = urlsplit(node.url)
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(f"http://{address.hostname}:{address.port}/_cluster/health", timeout=5)
            refused.value.close()

    assert refused.value.code == 401
    assert accounts == {65_534 if os.geteuid() == 0 else os.geteuid()}
    assert len(processes) >= 1
    assert psutil.wait_procs(processes, timeout=5)[1] == []


def test_a_java_too_old_or_too_new_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fitting = make_java(tmp_path / "path", "21.0.2")
    monkeypatch.setenv("JAVA_HOME", str(make_java(tmp_path / "home", "11.0.22")))
    monkeypatch.setenv("PATH", f"{fitting / 'bin'}:{os.environ['PATH']}")

    assert java.find_java(OURSELVES) == fitting


def test_java_home_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAVA_HOME", str(make_java(tmp_path / "home", "17.0.15")))

    assert java.find_java(OURSELVES) == tmp_path / "home"


def test_what_is_missing_is_named_with_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(java, "_INSTALLED", tmp_path / "none")
    monkeypatch.setattr(apt, "is_allowed", lambda: False)

    with pytest.raises(StartError) as caught:
        java.ensure(OURSELVES)

    assert "sudo apt-get update && sudo apt-get install openjdk-17-jre-headless maven" in str(caught.value)


def test_files_that_are_not_what_was_published_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mvn = tmp_path / "bin" / "mvn"
    mvn.parent.mkdir()
    mvn.write_text(f"#!/bin/sh\necho changed > {tmp_path}/elasticsearch-{elasticsearch_files.VERSION}.zip\n")
    mvn.chmod(0o755)
    monkeypatch.setenv("PATH", f"{mvn.parent}:{os.environ['PATH']}")

    with pytest.raises(StartError, match="is not Elasticsearch"):
        elasticsearch_files.obtain(tmp_path)


def test_two_first_starts_at_once_fetch_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mvn, calls = tmp_path / "bin" / "mvn", tmp_path / "calls"
    mvn.parent.mkdir()
    mvn.write_text(f"#!/bin/sh\necho called >> {calls}\nsleep 0.5\nprintf whole > {tmp_path}/elasticsearch-{elasticsearch_files.VERSION}.zip\n")
    mvn.chmod(0o755)
    monkeypatch.setenv("PATH", f"{mvn.parent}:{os.environ['PATH']}")
    monkeypatch.setattr(elasticsearch_files, "_SHA256", sha256(b"whole").hexdigest())

    with ThreadPoolExecutor(2) as starts:
        archives = list(starts.map(elasticsearch_files.obtain, [tmp_path] * 2))

    assert [archive.read_text() for archive in archives] == ["whole", "whole"]
    assert calls.read_text() == "called\n"


def test_an_interrupted_unpacking_is_begun_anew(tmp_path: Path) -> None:
    name = f"elasticsearch-{elasticsearch_files.VERSION}"
    with zipfile.ZipFile(tmp_path / "archive.zip", "w") as archive:
        archive.writestr(zipfile.ZipInfo(f"{name}/config/users"), "somebody")
    target = tmp_path / "files"
    (tmp_path / "files.new" / name).mkdir(parents=True)
    (tmp_path / "files.new" / name / "half").touch()

    elasticsearch_files.unpack(tmp_path / "archive.zip", target)

    assert sorted(path.relative_to(target).as_posix() for path in target.rglob("*")) == ["config", "config/users"]
    assert (target / "config" / "users").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, False),
        ({"SEARCH": "postgresql"}, False),
        ({"SEARCH": "elasticsearch"}, True),
        ({"SEARCH": "elasticsearch", "ELASTICSEARCH_URL": "http://search:9200"}, False),
    ],
)
def test_a_private_node_is_started_only_when_asked_for(variables: dict[str, str], expected: bool) -> None:
    assert Wanted.by(variables).elasticsearch is expected
