"""What the letters about accounts say, and when there is nothing to say."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.core.clock import now
from app.extensions import db
from app.mail import account_letters
from app.mail.letters import Letter, Person, one_line, write
from tests.factories import CandidateFactory, RecruiterFactory


def link_in(letter: Letter) -> str:
    """The one address of the front end that both versions of the letter carry."""
    found = set(re.findall(r"http://\S+", letter.text))
    assert len(found) == 1
    [address] = found
    assert f'href="{address}"'.replace("&", "&amp;") in letter.html
    return address


def token_in(letter: Letter) -> str:
    return parse_qs(urlsplit(link_in(letter)).query)["token"][0]


def test_the_verification_link_confirms_the_address_once(app: APIFlask, client: FlaskClient) -> None:
    user = CandidateFactory()
    letter = account_letters.verification(user.id)
    assert letter is not None

    answer = client.post("/api/v1/auth/verify-email/", json={"token": token_in(letter)})

    assert letter.to == Person("Nguyễn Thị Phương Thảo", user.email)
    assert letter.subject == "Xác nhận địa chỉ e-mail của bạn / Confirm your e-mail address"
    assert link_in(letter).startswith("http://127.0.0.1:8000/verify-email?token=")
    assert "7 ngày" in letter.text
    assert answer.status_code == 204
    assert account_letters.verification(user.id) is None


def test_the_reset_link_sets_a_password(app: APIFlask, client: FlaskClient) -> None:
    user = CandidateFactory()
    letter = account_letters.password_reset(user.id)
    assert letter is not None

    answer = client.post("/api/v1/auth/password/reset/", json={"token": token_in(letter), "password": "mat-khau-moi"})

    assert answer.status_code == 204
    assert "60 phút" in letter.text


def test_an_approved_recruiter_is_sent_to_the_login(app: APIFlask) -> None:
    letter = account_letters.recruiter_approved(RecruiterFactory().id)

    assert letter is not None
    assert link_in(letter) == "http://127.0.0.1:8000/login"


def test_nobody_is_nobody_to_write_to(app: APIFlask) -> None:
    unapproved = RecruiterFactory(is_active=False, approved_at=now())

    letters = [account_letters.recruiter_approved(unapproved.id)]
    letters += [letter(2**62) for letter in (account_letters.verification, account_letters.password_reset, account_letters.recruiter_approved)]

    assert letters == [None] * 4


def test_a_name_stays_text(app: APIFlask) -> None:
    hostile = "<script>alert(1)</script>{{ 7 * 7 }}\r\nBcc: x"
    user = RecruiterFactory(full_name=hostile)
    db.session.commit()

    letter = account_letters.recruiter_approved(user.id)

    assert letter is not None
    assert "<script>" not in letter.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{ 7 * 7 }} Bcc: x" in letter.html
    assert "Xin chào <script>alert(1)</script>{{ 7 * 7 }} Bcc: x,\n" in letter.text


def test_a_name_does_not_turn_our_words_round(app: APIFlask) -> None:
    user = RecruiterFactory(full_name="Bảo \u202e\u2067Long\u2069")
    db.session.commit()

    letter = account_letters.recruiter_approved(user.id)

    assert letter is not None
    assert "Xin chào Bảo Long,\n" in letter.text
    assert "Xin chào Bảo Long,<" in letter.html


@pytest.mark.parametrize(
    ("text", "line"),
    [("a\r\nb\tc", "a b c"), ("a\u202eb\u2066", "ab"), ("  Phở\u2028bò\x00 ", "Phở bò"), ("x" * 300, "x" * 200), ("a\ud800b", "a b"), ("", "")],
)
def test_a_line_has_no_breaks(text: str, line: str) -> None:
    assert one_line(text) == line


def test_a_value_that_a_letter_forgot_is_an_error(app: APIFlask) -> None:
    with pytest.raises(Exception, match="'address' is undefined"):
        write("recruiter_approved", Person("Bảo", "bao@example.com"), {})
