"""From a message to the mail that carries it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from schedules.messages import Promises, owed
from schedules.render import Renderer
from schedules.samples import KINDS
from storage.model import Audience, Booking, BookingStatus, Due, EventKind, MessageKind
from tests.mails import part, read, words
from tests.records import DAY, NOW, a_booking, a_due

CUSTOMER, ADMIN = Audience.CUSTOMER, Audience.ADMIN
RENDERER = Renderer(sender="bookings@example.org", time_zone="Europe/Berlin")
FULL = a_booking(
    phone="+49 30 901820",
    inquiry="With colour.\nAnd a wash.",
    answers={"Allergies?": "None"},
    time_zone="America/New_York",
)


def mail(due: Due) -> EmailMessage:
    """The mail as it is read at the other end."""
    return read(RENDERER.mail(due).content)


def text(due: Due) -> str:
    return words(mail(due))


def subject(due: Due) -> str:
    """Unfolded; a reader drops the blank before it."""
    return str(mail(due)["Subject"]).strip()


def at(start: datetime, zone: str | None, minutes: int = 60) -> Due:
    return a_due(a_booking(start=start, minutes=minutes, time_zone=zone))


@pytest.mark.parametrize("booking", [FULL, a_booking(), a_booking(company=None, name="")])
@pytest.mark.parametrize(("kind", "audience"), KINDS)
def test_every_template_renders(kind: MessageKind, audience: Audience, booking: Booking):
    found = mail(a_due(booking, kind=kind, audience=audience))
    for content in (found["Subject"], words(found), words(found, "text/html").split("</style>")[1]):
        assert content
        assert "{" not in content
        assert "None" not in content.replace("Allergies? None", "").replace(">None<", "")
    assert booking.id in words(found)
    assert booking.id in words(found, "text/html")


def test_every_message_that_can_be_owed_has_a_template():
    promises = Promises("office@example.org", (DAY,))
    for status in BookingStatus:
        booking = a_booking(status=status)
        for event in EventKind:
            for message in owed(promises, event, booking, NOW):
                assert mail(Due(message, booking))["To"] == message.recipient


def test_the_customers_words_are_in_the_text():
    content = text(a_due(FULL))
    for written in (
        FULL.name,
        FULL.email,
        "Example Ltd",
        "+49 30 901820",
        "With colour.\nAnd a wash.",
        "Allergies? None",
    ):
        assert written in content


def test_the_calendar_calls_it_by_what_was_booked():
    found = mail(replace(a_due(FULL), service="Haircut", resource="Anna"))
    content = part(found, "text/calendar").get_content().replace("\r\n", "\n")
    assert "\nSUMMARY:Haircut (Anna)\n" in content
    assert "LOCATION" not in content


def test_no_name_of_a_service_becomes_a_header():
    named = replace(a_due(FULL), service="=?utf-8?q?A=0D=0ABcc:_b@c.d?=\r\nBcc: all@example.org")
    found = mail(named)
    assert found["Bcc"] is None
    assert found.keys() == mail(a_due(FULL)).keys()


def test_what_was_not_given_is_not_mentioned():
    content = text(a_due(a_booking(company=None)))
    assert "Company" not in content
    assert "Phone" not in content


def test_the_headers_are_what_a_mail_reader_needs():
    due = a_due(FULL)
    found = mail(due)
    assert found["Message-ID"] == f"<{due.message.id}@example.org>"
    assert found["From"] == "bookings@example.org"
    assert found["To"] == FULL.email
    assert found["Auto-Submitted"] == "auto-generated"
    assert found["Date"].datetime == due.message.due_at


def test_the_alternatives_go_from_plain_to_rich_and_the_invitation_comes_as_a_file_too():
    found = mail(a_due(FULL))
    assert [part.get_content_type() for part in found.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "text/calendar",
        "application/ics",
    ]
    calendar, file = part(found, "text/calendar"), part(found, "application/ics")
    assert calendar["Content-Type"].params == {"method": "REQUEST", "charset": "utf-8"}
    assert (file.get_filename(), file.is_attachment()) == ("invite.ics", True)
    assert calendar.get_payload(decode=True) == file.get_payload(decode=True)
    assert b"\r\nUID:" + FULL.id.encode() in file.get_payload(decode=True)


def test_a_mail_without_an_invitation_has_two_alternatives_and_no_file():
    found = mail(a_due(FULL, kind=MessageKind.REMINDER))
    assert found.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in found.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("words_", ["--=_mixed", "--=_alternative--", "=_mixed\n--=_alternative"])
def test_no_text_ends_a_part(words_: str):
    found = mail(a_due(a_booking(inquiry=words_)))
    assert words_ in words(found)
    assert len(list(found.walk())) == 6


def test_every_attempt_makes_the_same_bytes():
    due = a_due(FULL)
    tried = replace(due.message, attempts=3, last_error="451 busy", next_attempt_at=NOW + DAY)
    other = Renderer(sender="bookings@example.org", time_zone="Europe/Berlin")
    assert RENDERER.mail(due) == other.mail(Due(tried, FULL))


def test_two_messages_never_share_an_id():
    one, other = a_due(FULL), a_due(FULL)
    assert mail(one)["Message-ID"] != mail(other)["Message-ID"]


@pytest.mark.parametrize(
    ("start", "zone", "when"),
    [
        (
            datetime(2026, 3, 28, 9, 0, tzinfo=UTC),
            "Europe/Berlin",
            "Saturday, 28 March 2026, 10:00 to 11:00 (Europe/Berlin, UTC+01:00)",
        ),
        (
            datetime(2026, 3, 29, 9, 0, tzinfo=UTC),
            "Europe/Berlin",
            "Sunday, 29 March 2026, 11:00 to 12:00 (Europe/Berlin, UTC+02:00)",
        ),
        (
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            "Europe/Berlin",
            "Sunday, 25 October 2026, 02:30 to 02:30 (Europe/Berlin, UTC+02:00)",
        ),
        (
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
            "Europe/Berlin",
            "Sunday, 25 October 2026, 02:30 to 03:30 (Europe/Berlin, UTC+01:00)",
        ),
        (
            datetime(2026, 3, 9, 20, 0, tzinfo=UTC),
            "America/New_York",
            "Monday, 9 March 2026, 16:00 to 17:00 (America/New_York, UTC-04:00)",
        ),
        (
            datetime(2026, 3, 9, 20, 0, tzinfo=UTC),
            "Asia/Kathmandu",
            "Tuesday, 10 March 2026, 01:45 to 02:45 (Asia/Kathmandu, UTC+05:45)",
        ),
    ],
)
def test_the_time_is_told_in_the_customers_zone(start: datetime, zone: str, when: str):
    due = at(start, zone)
    assert f"When: {when}\n" in text(due)
    assert subject(due) == f"Confirmed: {when.partition(', UTC')[0]})"


def test_without_a_zone_of_the_customers_it_is_the_houses():
    assert "10:00 to 11:00 (Europe/Berlin, UTC+01:00)" in text(
        at(datetime(2026, 3, 9, 9, 0, tzinfo=UTC), None)
    )


def test_an_appointment_over_midnight_says_on_which_day_it_ends():
    due = at(datetime(2026, 3, 9, 23, 30, tzinfo=UTC), "UTC")
    assert "23:30 to Tuesday, 10 March 2026, 00:30 (UTC)" in text(due)


def test_a_customer_who_moves_keeps_hearing_their_own_time():
    booking = a_booking(time_zone="Europe/Berlin", start=datetime(2026, 3, 27, 9, tzinfo=UTC))
    moved = replace(
        booking,
        start_time=booking.start_time + timedelta(days=7),
        end_time=booking.end_time + timedelta(days=7),
    )
    assert "10:00 to 11:00" in text(a_due(booking))
    assert "11:00 to 12:00" in text(a_due(moved))


@pytest.mark.parametrize("name", ["Zoë Müller", "李雷", "🎈" * 40, "x" * 200, "."])
def test_any_name_arrives_as_it_was_written(name: str):
    booking = a_booking(name=name, inquiry=f".\n{name}\n.")
    due = a_due(booking, audience=ADMIN)
    assert name in text(due)
    assert subject(due).startswith(f"Booked: {name}, Monday")


@pytest.mark.parametrize(
    "name",
    [
        "=?utf-8?q?Ada=0D=0ABcc:_other@example.org=0D=0A=0D=0ABody?=",
        "=?utf-8?q?Ada=0ABcc:_other@example.org?=",
        "=?utf-8?b?QWRhDQpCY2M6IG90aGVyQGV4YW1wbGUub3Jn?=",
        "=?utf-8?q?=ff=fe=00?=",
    ],
)
def test_an_encoded_word_in_a_name_is_not_decoded_into_headers(name: str):
    found = mail(a_due(a_booking(name=name), audience=ADMIN))
    assert set(found.keys()) == set(mail(a_due(a_booking(), audience=ADMIN)).keys())
    assert "\n" not in found["Subject"]
    assert found["Subject"].strip().startswith("Booked: = ?utf-8?")
    assert name in text(a_due(a_booking(name=name), audience=ADMIN))


@pytest.mark.parametrize(
    "name", ["Salon Zoë", 'Grace "G", Ltd', "Frisör Zoë & Töchter in Währing", ""]
)
def test_mails_and_invitations_are_from_whom_the_house_is_called(name: str):
    renderer = Renderer(sender="bookings@example.org", name=name, time_zone="UTC")
    sent = renderer.mail(a_due(FULL))
    assert sent.sender == "bookings@example.org"
    found = read(sent.content)
    [sender] = found["From"].addresses
    assert (sender.display_name, sender.addr_spec) == (name, "bookings@example.org")
    assert all(len(line) <= 78 for line in sent.content.split(b"\r\n\r\n")[0].splitlines())
    organizer = Calendar.from_ical(part(found, "text/calendar").get_content()).events[0].organizer
    assert organizer == "mailto:bookings@example.org"
    assert organizer.params.get("CN", "") == name.replace('"', "'")


@settings(max_examples=50)
@given(st.text(max_size=200))
def test_no_name_becomes_a_header(name: str):
    due = a_due(a_booking(name=name), audience=ADMIN)
    try:
        content = RENDERER.mail(due).content
    except ValueError:
        return
    headers, _, _ = content.partition(b"\r\n\r\n")
    names = [line.partition(b":")[0] for line in headers.split(b"\r\n") if line[:1].strip()]
    assert sorted(set(names)) == sorted(
        [
            b"Message-ID",
            b"From",
            b"To",
            b"Subject",
            b"Date",
            b"Auto-Submitted",
            b"Content-Type",
            b"MIME-Version",
        ]
    )


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x1e", "\x85", "\u2028"])
def test_a_line_end_in_a_name_makes_no_header(end: str):
    due = a_due(a_booking(name=f"Ada{end}Bcc: all@example.org"), audience=ADMIN)
    try:
        content = RENDERER.mail(due).content
    except ValueError:
        return
    assert message_from_bytes(content, policy=default)["Bcc"] is None


@pytest.mark.parametrize(
    "recipient",
    ["ada@example.org\r\nBcc: all@example.org", "ada@example.org, b@example.org", "a"],
)
def test_a_recipient_that_is_no_address_makes_no_mail(recipient: str):
    with pytest.raises(ValueError, match=r".*"):
        RENDERER.mail(a_due(FULL, recipient=recipient))


@pytest.mark.parametrize(
    "recipient",
    [
        "ada+bookings@example.org",
        "o'brien@example.org",
        '"ada smith"@example.org',
        "a_b.c-d@x.example.org",
    ],
)
def test_any_address_of_ascii_is_written_to(recipient: str):
    found = mail(a_due(FULL, recipient=recipient))
    assert found["To"].addresses[0].addr_spec == recipient


def test_a_domain_of_other_letters_is_written_as_mail_servers_know_it():
    found = mail(a_due(FULL, recipient="ada@bücher.example"))
    assert found["To"].addresses[0].addr_spec == "ada@xn--bcher-kva.example"


def test_every_line_is_one_that_any_relay_carries():
    booking = a_booking(name="é" * 200, inquiry="ü" * 5000, answers={"q" * 200: "x" * 2000})
    for line in RENDERER.mail(a_due(booking, audience=ADMIN)).content.split(b"\r\n"):
        assert len(line) <= 998
        assert line.isascii()
        assert b"\n" not in line
