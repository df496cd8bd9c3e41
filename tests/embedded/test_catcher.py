"""The mail catcher: everything that was sent is shown, and nothing in it runs."""

import smtplib
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

import pytest

from embedded.catcher import store as stores
from embedded.catcher.pages import answer
from embedded.catcher.servers import smtp_server, web_server
from embedded.catcher.store import MailStore
from embedded.ports import find_free_port

HOSTILE = '<p>Xin chào</p><script>alert(1)</script><img src="http://evil.example/x"><a href="javascript:alert(1)">a</a><a href="http://jobs/verify?a=1&amp;b=2">b</a>'


def letter(subject: str = "Mời phỏng vấn") -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "Jobboard <no-reply@example.com>", "Thảo <thao@example.com>", subject
    message["Message-ID"] = "<task-7.abc@example.com>"
    message.set_content("Xin chào Thảo\n", cte="quoted-printable")
    message.add_alternative(HOSTILE, subtype="html")
    message.add_alternative("BEGIN:VCALENDAR\nSUMMARY:Phỏng vấn\nEND:VCALENDAR\n", subtype="calendar", params={"method": "REQUEST"})
    message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename='hồ sơ"\r\n.pdf'.replace("\r\n", ""))
    return message


@pytest.fixture
def store(tmp_path: Path) -> MailStore:
    return MailStore(tmp_path / "mail")


@pytest.fixture
def port(store: MailStore) -> Iterator[int]:
    """Where the pages are."""
    with web_server(store, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


def get(port: int, path: str, host: str = "") -> tuple[HTTPResponse, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path, headers={"Host": host or f"127.0.0.1:{port}"})
    response = connection.getresponse()
    return response, response.read().decode()


def test_what_is_sent_is_kept_for_its_owner_alone(store: MailStore, tmp_path: Path) -> None:
    controller = smtp_server(store, find_free_port())
    controller.start()
    try:
        with smtplib.SMTP("127.0.0.1", controller.port, timeout=10) as client:
            client.send_message(letter())
            client.send_message(letter("Lần hai"))
    finally:
        controller.stop()

    [second, first] = store.names()
    assert first.endswith("-task-7_abc.eml")
    assert b"Subject: =?utf-8?" in (store.read(first) or b"")
    assert second > first
    assert {path.stat().st_mode & 0o777 for path in (tmp_path / "mail").iterdir()} == {0o600}
    assert (tmp_path / "mail").stat().st_mode & 0o777 == 0o700


def test_a_mail_is_listed_and_shown_with_all_its_parts(store: MailStore, port: int) -> None:
    name = store.save(letter().as_bytes(), "task-7")

    _, listing = get(port, "/")
    _, page = get(port, f"/{name}/")
    raw, source = get(port, f"/{name}/raw")

    assert f'<a href="/{name}/">Mời phỏng vấn</a>' in listing
    assert "Thảo &lt;thao@example.com&gt;" in page
    assert "Xin chào Thảo" in page and "SUMMARY:Phỏng vấn" in page and "application/pdf" in page
    assert '<a href="http://jobs/verify?a=1&amp;b=2" target="_blank" rel="noopener noreferrer">' in page
    assert (raw.headers["Content-Type"], "List" in source, "Message-ID: <task-7.abc@example.com>" in source) == (
        "text/plain; charset=utf-8",
        False,
        True,
    )


def test_a_hostile_mail_can_neither_run_nor_load_anything(store: MailStore, port: int) -> None:
    name = store.save(letter('<script>alert("subject")</script>').as_bytes(), "x")

    page, shown = get(port, f"/{name}/")
    html, content = get(port, f"/{name}/html")

    assert "<script" not in shown and "javascript:" not in shown
    assert 'sandbox=""' in shown
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none';")
    policy = html.headers["Content-Security-Policy"]
    assert policy.startswith("sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:;")
    assert "allow-" not in policy and "script-src" not in policy
    assert "<script>alert(1)</script>" in content
    assert html.headers["X-Content-Type-Options"] == "nosniff"


def test_an_attachment_is_stored_and_never_opened(store: MailStore, port: int) -> None:
    name = store.save(letter().as_bytes(), "x")

    response, content = get(port, f"/{name}/3")

    assert content == "%PDF-1.7"
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"] == "attachment; filename*=UTF-8''h%E1%BB%93%20s%C6%A1%22.pdf"


@pytest.mark.parametrize("path", ["/../secrets.json", "/%2e%2e/secrets.json", "/..%2fsecrets.json/raw", "/nothing.eml/", "/x/raw", "//etc/passwd"])
def test_only_mails_are_shown(store: MailStore, port: int, tmp_path: Path, path: str) -> None:
    (tmp_path / "secrets.json").write_text("secret")

    response, content = get(port, path)

    assert response.status == 404 or "Nothing was sent yet" in content
    assert "secret" not in content


@pytest.mark.parametrize("which", ["99", "-1", "html", "²", "9999999999"])
def test_a_part_that_is_not_there_is_not_found(store: MailStore, which: str) -> None:
    name = store.save(b"Subject: nothing\n\nplain", "x")

    assert answer(store, f"/{name}/{which}").status == 404


def test_another_sites_name_is_not_answered(store: MailStore, port: int) -> None:
    response, content = get(port, "/", host="evil.example")

    assert (response.status, content) == (403, "This is served under its own address only.\n")


@pytest.mark.parametrize("raw", [b"", b"\xff\x00\r\n", b"Content-Type: text/html; charset=nonsense\n\nx", b"Content-Type: multipart/mixed\n\nx"])
def test_what_is_no_proper_mail_is_shown_as_far_as_it_goes(store: MailStore, raw: bytes) -> None:
    name = store.save(raw, "x")

    assert [answer(store, path).status for path in ("/", f"/{name}/", f"/{name}/raw")] == [200] * 3


def test_the_oldest_mails_go(store: MailStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stores, "KEPT", 2)

    names = [store.save(b"Subject: x\n\nx", str(number)) for number in range(4)]

    assert store.names() == [names[3], names[2]]
