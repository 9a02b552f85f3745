"""The page behind the mailed link, as a customer uses it in Chromium."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from playwright.async_api import Page, expect

from tests.e2e.booking import ADMIN, CUSTOMER, FIRST, booking
from tests.e2e.browser import Visit, chromium
from tests.e2e.daemon import Daemon, eventually
from tests.e2e.mailbox import Mailbox

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
]

ZONE = "America/St_Johns"
"""The customer's: far from this machine's, and not by whole hours."""

NAME = "<img src=x onerror=alert(1)> O'Brien"

Opener = Callable[..., Awaitable[Visit]]


@pytest.fixture
async def opened(daemon: Daemon, tmp_path: Path) -> AsyncIterator[Opener]:
    """Opens a link in a browser of its own, which has this language."""
    async with AsyncExitStack() as stack:

        async def opened(link: str, locale: str = "en-GB") -> Visit:
            profile = tmp_path / "profile"
            context = await stack.enter_async_context(chromium(profile, locale=locale))
            visit = Visit(await context.new_page(), daemon)
            await context.route("**/*", visit.guard)
            await visit.page.goto(link)
            return visit

        yield opened


async def link_of(mailbox: Mailbox) -> str:
    """The link in the customer's latest mail, which its text and its HTML have alike."""
    await eventually(lambda: len(mailbox.to(CUSTOMER)) > 0)
    mail = mailbox.to(CUSTOMER)[-1].parsed
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))
    [link] = re.findall(r"<(http\S+/manage#[\w-]{48})>", text)
    assert f'href="{link}"' in html
    return str(link)


async def history(daemon: Daemon, placed: Any) -> list[Any]:
    return list((await daemon.get(f"/api/bookings/{placed['id']}/events")).body["data"])


def clock(instant: datetime) -> str:
    return f"{instant.astimezone(ZoneInfo(ZONE)):%H:%M}"


async def test_the_mailed_link_shows_the_booking_and_changes_nothing(
    daemon: Daemon, mailbox: Mailbox, opened: Opener
):
    placed = await daemon.book(booking(name=NAME, timeZone=ZONE, answers={"<b>Why?": "</p>"}))
    link = await link_of(mailbox)
    assert link == placed["manageUrl"]
    visit = await opened(link)
    shown = visit.page.locator("dl")
    await expect(shown).to_contain_text(NAME)
    await expect(shown).to_contain_text("<b>Why?")
    end = FIRST + timedelta(minutes=30)
    await expect(shown).to_contain_text(f"{clock(FIRST)}\u2013{clock(end)} ({ZONE})")
    await expect(visit.page.get_by_role("heading", name="Confirmed")).to_be_visible()
    assert [event["kind"] for event in await history(daemon, placed)] == ["placed"]
    assert (visit.elsewhere, visit.complaints) == ([], [])
    token = link.partition("#")[2]
    assert token not in daemon.err


async def test_by_keyboard_alone_it_is_cancelled_once_the_customer_has_said_so_twice(
    daemon: Daemon, mailbox: Mailbox, opened: Opener
):
    placed = await daemon.book(booking(locale="en-US"))
    visit = await opened(await link_of(mailbox))
    page, button = visit.page, visit.page.get_by_role("button", name="Cancel it")
    dialog = page.get_by_role("dialog", name="Cancel this appointment?")
    for leave in ("Escape", "Enter"):
        await button.focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="No, keep it")).to_be_focused()
        await page.keyboard.press(leave)
        await expect(dialog).to_be_hidden()
        await expect(button).to_be_focused()
    assert len(await history(daemon, placed)) == 1

    await page.keyboard.press("Enter")
    await page.keyboard.press("Shift+Tab")
    await page.keyboard.type("A cold.")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Tab")
    await expect(page.get_by_role("button", name="Yes, cancel it")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status")).to_contain_text("is cancelled")
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    await expect(page.get_by_role("button")).to_have_count(0)
    _, event = await history(daemon, placed)
    assert (event["kind"], event["actor"], event["reason"]) == ("cancelled", "customer", "A cold.")
    await eventually(lambda: len(mailbox.to(CUSTOMER)) == len(mailbox.to(ADMIN)) == 2)
    assert "/manage#" not in mailbox.to(CUSTOMER)[-1].text

    await page.reload()
    await expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
    assert visit.complaints == []


async def test_it_speaks_the_language_of_the_booking_else_that_of_the_browser(
    daemon: Daemon, opened: Opener
):
    german = await daemon.book(booking(0, locale="de-AT", answers={"Erster Besuch": "yes"}))
    unsaid = await daemon.book(booking(1))
    french = await daemon.book(booking(2, locale="fr"))
    visit = await opened(german["manageUrl"])
    for placed, title in ((german, "Ihr Termin"), (unsaid, "Your"), (french, "Your")):
        await visit.page.goto(placed["manageUrl"])
        await expect(visit.page.get_by_role("heading", level=1)).to_contain_text(title)
        language = "de" if placed is german else "en"
        await expect(visit.page.locator("html")).to_have_attribute("lang", re.compile(language))
    await expect(visit.page).to_have_title("Your appointment")
    await visit.page.goto(german["manageUrl"])
    await expect(visit.page.get_by_text("ja", exact=True)).to_be_visible()


async def test_dates_in_english_are_those_of_the_mails(
    daemon: Daemon, mailbox: Mailbox, opened: Opener
):
    await daemon.book(booking(locale="en"))
    visit = await opened(await link_of(mailbox), "en-US")
    written = f"{FIRST:%-d %B %Y}"
    await expect(visit.page.locator("dl")).to_contain_text(written)
    assert written in mailbox.to(CUSTOMER)[-1].parsed["Subject"]


async def test_a_long_question_leaves_room_for_its_answer_on_a_phone(
    daemon: Daemon, opened: Opener
):
    question = "How did you hear of us, and may we thank whoever has sent you?"
    placed = await daemon.book(booking(answers={question: "A friend, and yes."}))
    visit = await opened(placed["manageUrl"])
    await visit.page.set_viewport_size({"width": 360, "height": 740})
    answer = visit.page.get_by_role("definition").filter(has_text="A friend, and yes.")
    box = await answer.bounding_box()
    assert box
    assert box["width"] > 150


async def test_a_link_that_no_longer_works_says_so(daemon: Daemon, opened: Opener):
    placed = await daemon.book(booking())
    await daemon.ask("PUT", f"/api/bookings/{placed['id']}", {"name": "Other"})
    visit = await opened(placed["manageUrl"], "de-DE")
    heading = visit.page.get_by_role("heading", level=1)
    await expect(heading).to_have_text("Dieser Link gilt nicht mehr")
    await expect(heading).to_be_focused()
    await expect(visit.page.get_by_role("button")).to_have_count(0)
    for link in ("", "#", "#x", "#../bookings"):
        await visit.page.goto(f"{daemon.url}/manage{link}")
        await expect(visit.page.get_by_role("alert")).to_contain_text("öffnen Sie den Link")


async def test_what_was_changed_under_the_customers_eyes_is_not_cancelled(
    daemon: Daemon, opened: Opener
):
    placed = await daemon.book(booking())
    visit = await opened(placed["manageUrl"])
    await visit.page.get_by_role("button", name="Cancel it").click()
    await daemon.ask("PUT", f"/api/bookings/{placed['id']}", {"name": "Other"})
    await visit.page.get_by_role("button", name="Yes, cancel it").click()
    await expect(visit.page.get_by_role("heading", level=1)).to_contain_text("no longer works")
    assert (await daemon.get(f"/api/bookings/{placed['id']}")).body["status"] == "CONFIRMED"


async def test_shortly_before_the_start_there_is_nothing_to_press(daemon: Daemon, opened: Opener):
    placed = await daemon.book(booking())
    service = f"/api/services/{placed['serviceId']}"
    await daemon.ask("PATCH", service, {"changeNotice": 365 * 24 * 60})
    visit = await opened(placed["manageUrl"])
    await expect(visit.page.locator("#until")).to_contain_text("can no longer be moved")
    await expect(visit.page.get_by_role("button")).to_have_count(0)


async def test_without_an_answer_the_customer_may_try_again(daemon: Daemon, opened: Opener):
    placed = await daemon.book(booking())
    visit = await opened(placed["manageUrl"])
    await visit.page.get_by_role("button", name="Cancel it").click()
    await daemon.stop()
    await visit.page.get_by_role("button", name="Yes, cancel it").click()
    await expect(visit.page.get_by_role("alert")).to_contain_text("cannot be reached")
    await daemon.start()
    await visit.page.get_by_role("button", name="Cancel it").click()
    await visit.page.get_by_role("button", name="Yes, cancel it").click()
    await expect(visit.page.get_by_role("status")).to_contain_text("is cancelled")


async def choose(page: Page, start: datetime) -> None:
    """Choose the time that begins then, by the customer's clock."""
    local = start.astimezone(ZoneInfo(ZONE))
    await page.get_by_label("Day").select_option(f"{local:%Y-%m-%d}")
    await page.get_by_role("radio", name=f"{local:%H:%M}", exact=True).check()


async def test_the_customer_moves_to_a_free_time(daemon: Daemon, mailbox: Mailbox, opened: Opener):
    placed = await daemon.book(booking(timeZone=ZONE))
    visit = await opened(await link_of(mailbox))
    page, start = visit.page, FIRST + timedelta(days=2, minutes=15)
    await page.get_by_role("button", name="Move it", exact=True).click()
    await expect(page.get_by_role("heading", name="Choose another time")).to_be_focused()
    await expect(page.locator("#zone")).to_contain_text(ZONE)
    await choose(page, start)
    await page.get_by_role("button", name="Move it there").click()
    await expect(page.get_by_role("status")).to_contain_text("has been moved")
    await expect(page.get_by_role("heading", level=1)).to_be_focused()
    end = start + timedelta(minutes=30)
    await expect(page.locator("dl")).to_contain_text(f"{clock(start)}\u2013{clock(end)}")
    found = (await daemon.get(f"/api/bookings/{placed['id']}")).body
    assert datetime.fromisoformat(found["startTime"]) == start
    assert found["manageUrl"] == page.url != placed["manageUrl"]
    await eventually(lambda: len(mailbox.to(CUSTOMER)) == 2)
    assert await link_of(mailbox) == page.url
    await page.reload()
    await expect(page.get_by_role("button", name="Move it", exact=True)).to_be_visible()
    assert (visit.elsewhere, visit.complaints) == ([], [])


@pytest.mark.parametrize("days", [0, 35], ids=["soon", "later"])
async def test_a_time_that_somebody_else_took_is_told_and_no_longer_shown(
    daemon: Daemon, opened: Opener, days: int
):
    placed = await daemon.book(booking(timeZone=ZONE))
    visit = await opened(placed["manageUrl"])
    page = visit.page
    await page.set_viewport_size({"width": 360, "height": 740})
    await page.get_by_role("button", name="Move it", exact=True).click()
    if days:
        await page.get_by_role("button", name="Show later days").click()
    start = FIRST + timedelta(days=days, hours=1)
    await choose(page, start)
    await daemon.book(booking(2 + days * 48))
    await page.get_by_role("button", name="Move it there").click()
    await expect(page.get_by_role("alert")).to_contain_text("Somebody else was faster")
    await expect(page.get_by_role("alert")).to_be_in_viewport(ratio=1)
    local = start.astimezone(ZoneInfo(ZONE))
    await expect(page.get_by_label("Day")).to_have_value(f"{local:%Y-%m-%d}")
    await expect(page.get_by_role("radio", name=f"{local:%H:%M}", exact=True)).to_have_count(0)
    await choose(page, FIRST + timedelta(minutes=15))  # which overlaps where it is now
    await page.get_by_role("button", name="Move it there").click()
    await expect(page.get_by_role("status")).to_contain_text("has been moved")


async def test_more_days_are_shown_as_far_as_there_are_any(daemon: Daemon, opened: Opener):
    placed = await daemon.book(booking(timeZone=ZONE))
    service = f"/api/services/{placed['serviceId']}"
    fields = {"minimumNotice": 35 * 24 * 60, "horizon": 40, "needsConfirmation": True}
    assert (await daemon.ask("PATCH", service, fields)).status == 200
    page = (await opened(placed["manageUrl"])).page
    await page.get_by_role("button", name="Move it", exact=True).click()
    await expect(page.locator("#times")).to_contain_text("There is no free time from")
    await expect(page.get_by_text("has to be confirmed by us again")).to_be_visible()
    later = page.get_by_role("button", name="Show later days")
    await later.click()
    await expect(page.get_by_role("radio").first).to_be_visible()
    days = await page.get_by_label("Day").locator("option").count()
    assert days in {5, 6}
    await later.click()
    await expect(page.locator("#times")).to_contain_text("There is no free time from")
    await expect(page.get_by_label("Day").locator("option")).to_have_count(days)
    await page.get_by_role("radio").first.check()
    await page.get_by_role("button", name="Move it there").click()
    await expect(page.get_by_role("status")).to_contain_text("request for the new time")
    await expect(page.get_by_role("heading", name="Waits to be confirmed")).to_be_visible()
