"""A real local mail server, and a letter to send."""

from collections.abc import Iterator

import pytest

from app.mail.letters import Letter, Person
from tests.mail.smtp_server import Mailbox, serving


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    with serving() as made:
        yield made


@pytest.fixture
def letter() -> Letter:
    to = Person("Nguyễn Thị Phương Thảo", "thao@example.com")
    return Letter(to, "Mời phỏng vấn: Kỹ sư dữ liệu", "Xin chào\n", "<p>Xin chào</p>\n")
