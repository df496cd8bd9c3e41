"""An interview as an iCalendar object (RFC 5545) in an iTIP message (RFC 5546): REQUEST to set or move it, CANCEL to take it away."""

from datetime import date, timedelta

from icalendar import Calendar, Event, Timezone, vCalAddress, vText

from app.applications.models import Interview, InterviewStatus
from app.core.clock import MARKET_ZONE
from app.mail.letters import CalendarPart, Person, one_line

PRODUCT = "-//Jobboard//Interviews//VI"


def invitation(interview: Interview, *, title: str, organizer: Person, attendee: Person) -> CalendarPart:
    """The event with the row's `uid` and `sequence`, in the market's time zone; a cancelled interview makes a CANCEL.

    The same row gives the same bytes, so that a mail sent twice is one event.
    """
    cancelled = interview.status == InterviewStatus.CANCELLED
    method = "CANCEL" if cancelled else "REQUEST"
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    calendar.add_component(Timezone.from_tzinfo(MARKET_ZONE, first_date=date(2000, 1, 1)))
    calendar.add_component(_event(interview, title, organizer, attendee))
    return CalendarPart(method, calendar.to_ical())


def _event(interview: Interview, title: str, organizer: Person, attendee: Person) -> Event:
    start = interview.interview_date.astimezone(MARKET_ZONE)
    event = Event()
    event.add("uid", str(interview.uid))
    event.add("sequence", interview.sequence)
    event.add("dtstamp", interview.updated_at)
    event.add("dtstart", start)
    event.add("dtend", start + timedelta(minutes=interview.duration_minutes))
    event.add("summary", one_line(title))
    event.add("status", "CANCELLED" if interview.status == InterviewStatus.CANCELLED else "CONFIRMED")
    event.add("organizer", _address(organizer))
    event.add("attendee", _address(attendee, ROLE="REQ-PARTICIPANT", PARTSTAT="NEEDS-ACTION", RSVP="TRUE"))
    for name, value in _details(interview).items():
        event.add(name, value)
    return event


def _details(interview: Interview) -> dict[str, str]:
    """Place, link and note; a meeting without a place takes place at its link."""
    lines = [one_line(interview.interviewer), interview.meeting_link or "", interview.note]
    found = {
        "location": one_line(interview.location) or interview.meeting_link or "",
        "url": interview.meeting_link or "",
        "description": "\n".join(line for line in lines if line),
    }
    return {name: value for name, value in found.items() if value}


def _address(person: Person, **parameters: str) -> vCalAddress:
    address = vCalAddress(f"mailto:{person.address}")
    for name, value in {"CN": one_line(person.name), **parameters}.items():
        address.params[name] = vText(value)
    return address
