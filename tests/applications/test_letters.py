"""What the letters about applications say, to whom, and when there is nothing left to say."""

from datetime import UTC, datetime, timedelta

import icalendar
import pytest
from apiflask import APIFlask

from app.applications import letters
from app.applications.history import record
from app.applications.models import Application, ApplicationStatus, Interview, InterviewStatus
from app.core.clock import now
from app.extensions import db
from app.mail.letters import CalendarPart, Letter, Person

START = datetime(2099, 3, 5, 7, 30, tzinfo=UTC)


@pytest.fixture
def interview(application: Application) -> Interview:
    application.job.title = 'Kỹ sư; dữ liệu, "AI"\nMETHOD:CANCEL'
    application.company.name = "Công ty Sao Mai"
    made = Interview(
        application=application,
        interview_date=START,
        duration_minutes=45,
        location="Tầng 5,\r\n12 Lê Lợi",
        meeting_link="https://meet.example.com/a",
        interviewer="Anh Bảo",
        note="Mang theo CV\nĐến sớm 5 phút",
    )
    db.session.add(made)
    db.session.commit()
    return made


def written(letter: Letter | None) -> Letter:
    assert letter is not None
    return letter


def calendar_of(letter: Letter | None) -> icalendar.Calendar:
    part = written(letter).calendar
    assert isinstance(part, CalendarPart)
    parsed = icalendar.Calendar.from_ical(part.content)
    assert parsed["METHOD"] == part.method
    return parsed


def event_of(letter: Letter | None) -> icalendar.Event:
    [event] = calendar_of(letter).walk("VEVENT")
    return event


def test_the_recruiter_hears_of_an_application(application: Application) -> None:
    letter = written(letters.received(application.id))

    assert letter.to == Person("Trần Quốc Bảo", application.company.owner.email)
    assert letter.subject == "Hồ sơ ứng tuyển mới: Kỹ sư phần mềm / New application"
    assert f"Nguyễn Thị Phương Thảo vừa ứng tuyển vào vị trí “Kỹ sư phần mềm” của {application.company.name}." in letter.text
    assert letter.text.count(f"http://127.0.0.1:8000/applications/{application.id}\n") == 2
    assert f'href="http://127.0.0.1:8000/applications/{application.id}"' in letter.html


@pytest.mark.parametrize(
    ("status", "vietnamese", "english"),
    [
        (ApplicationStatus.REVIEWING, "Đang xem xét", "Under review"),
        (ApplicationStatus.OFFER_EXTENDED, "Đã gửi đề nghị", "Offer extended"),
        (ApplicationStatus.REJECTED, "Bị từ chối", "Rejected"),
    ],
)
def test_the_candidate_hears_of_a_decision(application: Application, status: ApplicationStatus, vietnamese: str, english: str) -> None:
    event = record(application, ApplicationStatus.PENDING, status, actor_id=application.company.owner_id)

    letter = written(letters.status_changed(event.id))

    assert (letter.to.address, letter.reply_to) == (application.candidate.email, Person("Trần Quốc Bảo", application.company.owner.email))
    assert letter.subject == f"{vietnamese}: Kỹ sư phần mềm / {english}"
    assert f"trạng thái mới: {vietnamese}." in letter.text


def test_the_recruiter_hears_of_a_withdrawal(application: Application) -> None:
    event = record(application, ApplicationStatus.PENDING, ApplicationStatus.WITHDRAWN, actor_id=application.candidate_id)

    letter = written(letters.status_changed(event.id))

    assert letter.to.address == application.company.owner.email
    assert letter.subject == "Ứng viên đã rút hồ sơ: Kỹ sư phần mềm / Application withdrawn"


def test_a_purged_job_is_named_as_such(application: Application) -> None:
    db.session.delete(application.job)
    db.session.commit()

    assert written(letters.received(application.id)).subject == "Hồ sơ ứng tuyển mới: [Job Deleted] / New application"


def test_deactivated_people_get_no_mail(application: Application) -> None:
    application.candidate.is_active = application.company.owner.is_active = False
    event = record(application, ApplicationStatus.PENDING, ApplicationStatus.REJECTED, actor_id=None)

    assert (letters.received(application.id), letters.status_changed(event.id)) == (None, None)


def test_an_invitation_is_a_calendar_request(interview: Interview) -> None:
    letter = written(letters.invitation(interview.id, 0))

    calendar, event = calendar_of(letter), event_of(letter)
    assert (calendar["VERSION"], calendar["METHOD"], calendar["CALSCALE"]) == ("2.0", "REQUEST", "GREGORIAN")
    assert (event["UID"], event["SEQUENCE"], event["STATUS"]) == (str(interview.uid), 0, "CONFIRMED")
    assert event["DTSTART"].params["TZID"] == "Asia/Ho_Chi_Minh"
    assert event["DTSTART"].dt.isoformat() == "2099-03-05T14:30:00+07:00"
    assert event["DTEND"].dt - event["DTSTART"].dt == timedelta(minutes=45)
    assert event["DTSTAMP"].dt == interview.updated_at.replace(microsecond=0)
    assert event["SUMMARY"] == 'Phỏng vấn / Interview: Kỹ sư; dữ liệu, "AI" METHOD:CANCEL – Công ty Sao Mai'
    assert event["LOCATION"] == "Tầng 5, 12 Lê Lợi"
    assert event["URL"] == "https://meet.example.com/a"
    assert event["DESCRIPTION"] == "Anh Bảo\nhttps://meet.example.com/a\nMang theo CV\nĐến sớm 5 phút"
    owner, candidate = interview.application.company.owner, interview.application.candidate
    assert (event["ORGANIZER"], event["ORGANIZER"].params["CN"]) == (f"mailto:{owner.email}", "Trần Quốc Bảo")
    assert (event["ATTENDEE"], event["ATTENDEE"].params["CN"]) == (f"mailto:{candidate.email}", "Nguyễn Thị Phương Thảo")
    assert {name: event["ATTENDEE"].params[name] for name in ("ROLE", "PARTSTAT", "RSVP")} == {
        "ROLE": "REQ-PARTICIPANT",
        "PARTSTAT": "NEEDS-ACTION",
        "RSVP": "TRUE",
    }


def test_the_calendar_defines_its_time_zone_and_folds_its_lines(interview: Interview) -> None:
    part = written(letters.invitation(interview.id, 0)).calendar
    assert part is not None

    [zone] = icalendar.Calendar.from_ical(part.content).walk("VTIMEZONE")
    [standard] = zone.walk("STANDARD")
    assert (zone["TZID"], standard["TZOFFSETTO"].td) == ("Asia/Ho_Chi_Minh", timedelta(hours=7))
    assert max(len(line) for line in part.content.split(b"\r\n")) <= 75
    assert b"\n" not in part.content.replace(b"\r\n", b"")
    assert part.content.count(b"\r\nMETHOD:") == 1


def test_an_invitation_says_when_and_where(interview: Interview) -> None:
    letter = written(letters.invitation(interview.id, 0))

    assert letter.subject == 'Mời phỏng vấn: Kỹ sư; dữ liệu, "AI" METHOD:CANCEL / Interview invitation'
    for words in (
        "14:30, 05/03/2099 (GMT+7)",
        "45 phút / minutes",
        "Tầng 5, 12 Lê Lợi",
        "https://meet.example.com/a",
        "Anh Bảo",
        "Mang theo CV\nĐến sớm 5 phút",
    ):
        assert words in letter.text
        assert words in letter.html


def test_an_invitation_is_laid_out_for_reading(interview: Interview) -> None:
    interview.application.job.title, interview.interviewer, interview.note = "Kỹ sư", "", ""
    db.session.commit()
    address = f"http://127.0.0.1:8000/applications/{interview.application_id}"

    expected = f"""Xin chào Nguyễn Thị Phương Thảo,

Công ty Sao Mai mời bạn phỏng vấn cho vị trí “Kỹ sư”.

Thời gian / When:        14:30, 05/03/2099 (GMT+7)
Thời lượng / Duration:   45 phút / minutes
Địa điểm / Place:        Tầng 5, 12 Lê Lợi
Liên kết / Link:         https://meet.example.com/a

{address}

--------

Hello Nguyễn Thị Phương Thảo,

Công ty Sao Mai invites you to an interview for “Kỹ sư”; the details are above.

{address}
"""

    letter = written(letters.invitation(interview.id, 0))

    assert letter.text == expected


def test_a_moved_interview_is_the_same_event_with_a_higher_sequence(interview: Interview) -> None:
    first = event_of(letters.invitation(interview.id, 0))
    interview.interview_date, interview.sequence = START + timedelta(hours=2), 1
    db.session.commit()

    letter = written(letters.invitation(interview.id, 1))

    assert letters.invitation(interview.id, 0) is None, "the older task has nothing left to say"
    assert letter.subject.startswith("Lịch phỏng vấn thay đổi: ")
    assert (event_of(letter)["UID"], event_of(letter)["SEQUENCE"]) == (first["UID"], 1)
    assert event_of(letter)["DTSTART"].dt.isoformat() == "2099-03-05T16:30:00+07:00"


def test_a_cancelled_interview_is_taken_out_of_the_calendar(interview: Interview) -> None:
    interview.status, interview.sequence = InterviewStatus.CANCELLED, 1
    db.session.commit()

    letter = written(letters.invitation(interview.id, 1))

    assert calendar_of(letter)["METHOD"] == "CANCEL"
    assert (event_of(letter)["UID"], event_of(letter)["SEQUENCE"], event_of(letter)["STATUS"]) == (str(interview.uid), 1, "CANCELLED")
    assert letter.subject.startswith("Huỷ lịch phỏng vấn: ")


def test_the_same_row_makes_the_same_bytes(interview: Interview) -> None:
    assert letters.invitation(interview.id, 0) == letters.invitation(interview.id, 0)


def test_a_reminder_is_written_while_it_is_due(interview: Interview) -> None:
    letter = written(letters.reminder(interview.id, 0))

    assert letter.subject.startswith("Nhắc lịch phỏng vấn: ")
    assert letter.calendar is None
    assert "14:30, 05/03/2099 (GMT+7)" in letter.text


@pytest.mark.parametrize(
    "change",
    [{"sequence": 1}, {"status": InterviewStatus.CANCELLED}, {"reminded_at": now()}, {"interview_date": now() - timedelta(minutes=1)}],
)
def test_a_reminder_that_came_too_late_is_not_written(app: APIFlask, interview: Interview, change: dict[str, object]) -> None:
    for name, value in change.items():
        setattr(interview, name, value)
    db.session.commit()

    assert letters.reminder(interview.id, 0) is None
