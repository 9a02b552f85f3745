"""One booking from the form to the mail, and all that can become of it."""

import asyncio
import re
import shlex
from datetime import UTC, datetime

import aiohttp
import vobject

from tests.e2e.booking import ADMIN, CUSTOMER, booking, slot
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import PUBLIC_KEY, Daemon, eventually
from tests.e2e.database import Database
from tests.e2e.mailbox import Mailbox
from tests.mails import part, words


async def arrived(mailbox: Mailbox, count: int) -> None:
    """Wait for so many mails, and for no more."""
    await eventually(lambda: len(mailbox.mails) >= count)
    assert len(mailbox.mails) == count


async def test_a_booking_is_answered_and_confirmed_by_mail(daemon: Daemon, mailbox: Mailbox):
    answer = await daemon.post(booking(inquiry="A question"))
    assert answer.status == 201
    assert answer.headers["Location"] == f"/api/bookings/{answer.body['id']}"
    assert answer.headers["ETag"] == '"1"'
    assert answer.body["status"] == "CONFIRMED"
    assert not answer.body["confirmationSent"]

    await arrived(mailbox, 2)
    assert sorted(mail.recipients for mail in mailbox.mails) == [(CUSTOMER,), (ADMIN,)]
    assert set(mailbox.ids.values()) == {1}
    for mail in mailbox.mails:
        assert mail.sender == "bookings@example.org"
        assert mail.parsed["Auto-Submitted"] == "auto-generated"
        assert mail.parsed["To"] == mail.recipients[0]
        assert answer.body["id"] in mail.text
        assert "A question" in mail.text

    async def confirmed() -> bool:
        found = await daemon.get(answer.headers["Location"])
        return bool(found.body["confirmationSent"])

    await eventually(confirmed)


async def test_a_booking_is_moved_edited_completed_and_each_change_is_mailed_once(
    daemon: Daemon, mailbox: Mailbox
):
    placed = await daemon.book(booking())
    path = f"/api/bookings/{placed['id']}"
    await arrived(mailbox, 2)

    moved = await daemon.ask("PUT", path, {"timeSlot": slot(7)}, headers={"If-Match": '"1"'})
    assert (moved.status, moved.body["timeSlot"]) == (200, slot(7))
    assert moved.headers["ETag"] == '"2"'
    await arrived(mailbox, 4)
    assert mailbox.to(CUSTOMER)[-1].subject.startswith("Changed: ")
    assert mailbox.to(ADMIN)[-1].subject.startswith("Changed: ")

    stale = await daemon.ask("PUT", path, {"name": "Other"}, headers={"If-Match": '"1"'})
    assert (stale.status, stale.code) == (412, "STALE_VERSION")

    same = await daemon.ask("PUT", path, {"timeSlot": slot(7)})
    assert (same.status, same.headers["ETag"]) == (200, '"2"')

    completed = await daemon.ask("PATCH", path, {"status": "COMPLETED"})
    assert (completed.status, completed.body["status"]) == (200, "COMPLETED")
    late = await daemon.ask("PATCH", path, {"status": "PENDING"})
    assert (late.status, late.code) == (409, "INVALID_TRANSITION")

    await daemon.book(booking(20))  # its mails come after whatever the steps above owe
    await arrived(mailbox, 6)
    assert set(mailbox.ids.values()) == {1}


async def test_a_cancelled_booking_frees_its_slot_and_is_mailed_once(
    daemon: Daemon, mailbox: Mailbox, behind: Database
):
    placed = await daemon.book(booking())
    path = f"/api/bookings/{placed['id']}"
    taken = await daemon.post(booking())
    assert (taken.status, taken.code) == (409, "SLOT_TAKEN")

    first, again = await daemon.ask("DELETE", path), await daemon.ask("DELETE", path)
    assert first.status == again.status == 200
    assert first.body["status"] == again.body["status"] == "CANCELLED"
    assert first.headers["ETag"] == again.headers["ETag"]

    await daemon.book(booking())
    await arrived(mailbox, 6)
    subjects = [mail.subject.partition(":")[0] for mail in mailbox.to(CUSTOMER)]
    assert sorted(subjects) == ["Cancelled", "Confirmed", "Confirmed"]
    assert (await behind.states())["superseded"] == 1  # the reminder of the first


async def test_the_customers_calendar_is_told_of_the_booking_the_move_and_the_end(
    daemon: Daemon, mailbox: Mailbox
):
    placed = await daemon.book(booking(timeZone="Europe/Berlin", locale="de"))
    path = f"/api/bookings/{placed['id']}"
    await arrived(mailbox, 2)
    await daemon.ask("PUT", path, {"timeSlot": slot(7)})
    await arrived(mailbox, 4)
    await daemon.ask("DELETE", path)
    await arrived(mailbox, 6)

    mails = [mail.parsed for mail in mailbox.to(CUSTOMER)]
    calendars = [vobject.readOne(words(mail, "text/calendar")) for mail in mails]
    assert [calendar.method.value for calendar in calendars] == ["REQUEST", "REQUEST", "CANCEL"]
    events = [calendar.vevent for calendar in calendars]
    assert [event.sequence.value for event in events] == ["0", "1", "2"]
    assert {event.uid.value for event in events} == {f"{placed['id']}@example.org"}
    starts = [event.dtstart.value.astimezone(UTC) for event in events]
    assert starts == [datetime.fromisoformat(slot(number)["startTime"]) for number in (0, 7, 7)]
    for mail in mails:
        assert part(mail, "application/ics").get_filename() == "invite.ics"
    for mail in mailbox.to(ADMIN):
        assert "text/calendar" not in [part.get_content_type() for part in mail.parsed.walk()]


async def test_bookings_are_listed_by_page_by_cursor_and_by_filter(daemon: Daemon):
    numbers = range(7)
    placed = await asyncio.gather(
        *[daemon.book(booking(n, email=f"customer{n}@example.org")) for n in numbers]
    )
    ids = [found["id"] for found in placed]
    assert (await daemon.ask("DELETE", f"/api/bookings/{ids[6]}")).status == 200

    second = await daemon.get("/api/bookings", page=2, limit=3)
    assert [found["id"] for found in second.body["data"]] == ids[3:6]
    assert second.body["pagination"].items() >= {"page": 2, "total": 7, "totalPages": 3}.items()

    walked, cursor = [], ""
    while cursor is not None:
        page = await daemon.get("/api/bookings", cursor=cursor, limit=2)
        walked += [found["id"] for found in page.body["data"]]
        cursor = page.body["pagination"]["nextCursor"]
    assert walked == ids

    async def listed(**query: str) -> list[str]:
        page = await daemon.get("/api/bookings", **query)
        return [found["id"] for found in page.body["data"]]

    assert await listed(email="CUSTOMER4@example.org") == [ids[4]]
    assert await listed(q="omer5@") == [ids[5]]
    assert await listed(status="CANCELLED") == [ids[6]]
    assert await listed(status="CONFIRMED,PENDING", sort="-startTime") == ids[5::-1]
    assert await listed(dateFrom=slot(2)["startTime"], dateTo=slot(4)["startTime"]) == ids[2:4]


async def test_keys_guard_what_they_should(daemon: Daemon):
    placed = await daemon.book(booking())
    path = f"/api/bookings/{placed['id']}"
    for key, status in ((None, 401), ("not-a-key-at-all", 401), (PUBLIC_KEY, 403)):
        assert (await daemon.ask("GET", path, key=key)).status == status
        assert (await daemon.ask("GET", "/api/bookings", key=key)).status == status
        assert (await daemon.ask("DELETE", path, key=key)).status == status
    assert (await daemon.post(booking(1), key=None)).status == 401


async def test_the_line_that_is_printed_books_an_appointment(daemons: Daemons):
    nothing = dict.fromkeys(daemons.variables, "")
    url = daemons.variables["BOOKINGD_DATABASE_URL"]
    daemon = await daemons.start(**nothing | {"BOOKINGD_DATABASE_URL": url})
    await eventually(lambda: "See what is booked" in daemon.out)

    line = re.search(r"^ +(curl -i .+?)\n\n", daemon.out, re.DOTALL | re.MULTILINE)
    assert line
    _, _, address, *options = shlex.split(line[1].replace("\\\n", ""))
    given = list(zip(options[::2], options[1::2], strict=True))
    assert {option for option, _ in given} == {"-H", "-d"}
    headers = dict(value.split(": ", 1) for option, value in given if option == "-H")
    [data] = [value for option, value in given if option == "-d"]
    async with (
        aiohttp.ClientSession() as client,
        client.post(address, headers=headers, data=data) as answer,
    ):
        assert answer.status == 201

    mail = daemon.home / "mail"
    await eventually(lambda: len(list(mail.glob("*.eml"))) == 2)
    assert "ada@example.com" in "".join(path.read_text() for path in mail.iterdir())
    assert daemon.out.count("ada@example.com") == 1
    assert (daemon.home / ".env").stat().st_mode & 0o777 == 0o600


async def test_the_keys_of_the_first_start_still_work_after_the_second(daemons: Daemons):
    daemon = daemons.make(BOOKINGD_ENV="development", BOOKINGD_ADMIN_KEY="", BOOKINGD_PUBLIC_KEY="")
    for _ in range(2):
        await daemon.start()
        assert await daemon.stop() == 0
    keys = re.findall(r"admin key +(\S+)", daemon.out)
    assert len(keys) == 2
    assert len(set(keys)) == 1
    await daemon.start()
    assert (await daemon.ask("GET", "/api/bookings", key=keys[0])).status == 200
