"""The booking forms of examples/, as a customer meets them: on a site of another origin."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from playwright.async_api import Locator, Page, Request, Route, expect

from tests.e2e.booking import FIRST, booking, slot
from tests.e2e.browser import chromium
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import PUBLIC_KEY, ROOT, Daemon, eventually, free_port
from tests.e2e.database import Database

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
]

EXAMPLES = ROOT / "examples"
ZONE = "America/St_Johns"
"""The customer's: far from this machine's, and not by whole hours."""

NOWHERE = """
const known = Intl.DateTimeFormat.prototype.resolvedOptions;
Intl.DateTimeFormat.prototype.resolvedOptions = function () {
  return { ...known.call(this), timeZone: "Etc/Unknown" };
};
"""
"""What a browser says of which the system does not tell the zone."""

URL, KEY = "https://booking.example.com", "bk_pub_..."
"""What a developer has to put in."""

EXPIRE = "UPDATE holds SET expires_at = created_at"

BUILD = 300.0


class Shop:
    """A web site with a form, and the daemon that it books at."""

    def __init__(self, page: Page, daemon: Daemon) -> None:
        self.page = page
        self.daemon = daemon
        self.sent: list[Request] = []
        self.alert = page.get_by_role("alert")
        self.note = page.get_by_role("status")
        self.day = page.get_by_label("Day", exact=True)
        page.on("request", self._note)

    def _note(self, request: Request) -> None:
        if request.method == "POST" and request.url.endswith("/api/bookings"):
            self.sent.append(request)

    @property
    def keys(self) -> list[str]:
        """The Idempotency-Key of each booking that was sent."""
        return [request.headers["idempotency-key"] for request in self.sent]

    def time(self, number: int = 0, zone: str = ZONE) -> Locator:
        """The slot with this number, as the customer's clock shows it."""
        return self.page.get_by_role("radio", name=f"{clock(number, zone):%H:%M}", exact=True)

    async def pick(self, number: int = 0, zone: str = ZONE) -> None:
        """Choose the slot with this number."""
        await self.day.select_option(f"{clock(number, zone):%Y-%m-%d}")
        await self.time(number, zone).check()

    async def hold(self, number: int = 0) -> None:
        """Choose it, and wait until it is held."""
        await self.pick(number)
        await expect(self.note).to_contain_text("Kept for you until")

    async def fill(self, **fields: str) -> None:
        typed = {"Name": "Ada O'Brien", "E-mail": "ada@example.com", "Company": "Example <b>&"}
        for label, text in {**typed, **fields}.items():
            await self.control(label).fill(text)

    async def send(self) -> None:
        await self.page.get_by_role("button", name="Book", exact=True).click()

    async def books(self) -> list[dict[str, Any]]:
        """Send what is filled in, which is booked."""
        await self.send()
        await expect(self.page.get_by_text("Thank you, Ada O'Brien")).to_be_focused()
        return await self.bookings()

    async def is_told_of_the_loss(self) -> None:
        """The slot with number 0 is gone, others are there, and what was typed is, too."""
        error = self.page.get_by_text("This time is no longer free. Please choose another.")
        await expect(error).to_be_visible()
        await expect(error).to_have_attribute("aria-live", "polite")
        await expect(self.day).to_have_attribute("aria-invalid", "true")
        await expect(self.day).to_have_value(f"{clock():%Y-%m-%d}")
        await expect(self.day).to_be_focused()
        await expect(self.time(0)).to_have_count(0)
        await expect(self.time(1)).not_to_be_checked()
        await expect(self.control("Name")).to_have_value("Ada O'Brien")

    def control(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True)

    async def bookings(self) -> list[dict[str, Any]]:
        return list((await self.daemon.get("/api/bookings")).body["data"])

    async def is_free(self, number: int = 0) -> bool:
        """Whether others may have the slot with this number."""
        day = f"{clock(number, 'UTC'):%Y-%m-%d}"
        query = {"from": day, "to": day, "duration": 30, "timeZone": "UTC"}
        [found] = (await self.daemon.get("/api/slots", **query)).body["data"]
        start = clock(number, "UTC").isoformat()
        return start in {slot["startTime"].replace("Z", "+00:00") for slot in found["slots"]}


def clock(number: int = 0, zone: str = ZONE) -> datetime:
    """The start of the slot with this number."""
    return datetime.fromisoformat(slot(number)["startTime"]).astimezone(ZoneInfo(zone))


def change(hours: int) -> date:
    """The next day on which the customer's clock is put forward by so many hours."""

    def offset(day: date) -> timedelta:
        found = datetime(day.year, day.month, day.day, 12, tzinfo=ZoneInfo(ZONE)).utcoffset()
        assert found is not None
        return found

    days = (FIRST.date() + timedelta(days=number) for number in range(1, 400))
    far = timedelta(hours=hours)
    return next(day for day in days if offset(day) - offset(day - timedelta(days=1)) == far)


@pytest.fixture(scope="session")
def vite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as the documentation says to begin one; npm fetches what it needs."""
    home = tmp_path_factory.mktemp("vite")
    run("npm create --yes vite@latest form -- --template react --no-interactive", home)
    run("npm install", home / "form")
    return home / "form"


@pytest.fixture(params=["plain", "react"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder for the site, with the files that a developer would copy, yet without a key."""
    if request.param == "plain":
        folder = tmp_path / "site"
        shutil.copytree(EXAMPLES, folder)
        (folder / "form.html").rename(folder / "index.html")
        return folder
    project: Path = request.getfixturevalue("vite")
    for file in (*EXAMPLES.glob("*.js"), *EXAMPLES.glob("*.css"), *EXAMPLES.glob("react/*")):
        shutil.copy(file, project / "src" / file.name)
    (project / "src" / "index.css").write_text("")
    return project


def run(command: str, folder: Path) -> None:
    subprocess.run(
        command.split(),
        cwd=folder,
        env={**os.environ, "CI": "1"},
        stdin=subprocess.DEVNULL,
        check=True,
        timeout=BUILD,
    )


def put_in(folder: Path, url: str, key: str) -> None:
    """Where the daemon is, and the key, as a developer would."""
    for file in (folder / "index.html", folder / "src" / "App.jsx"):
        if file.exists():
            file.write_text(file.read_text().replace(URL, url).replace(KEY, key))


def name_service(folder: Path, service_id: str, duration: int) -> None:
    """Which service is meant, as a developer would."""
    named = {
        "{ duration: 30 }": f'{{ serviceId: "{service_id}", duration: {duration} }}',
        "publishableKey=": f'serviceId="{service_id}" duration={{{duration}}} publishableKey=',
    }
    for file in (folder / "index.html", folder / "src" / "App.jsx"):
        if file.exists():
            text = file.read_text()
            for before, after in named.items():
                text = text.replace(before, after)
            file.write_text(text)


@asynccontextmanager
async def published(site: Path, port: int) -> AsyncIterator[None]:
    """Serve the site: for React what Vite builds of it."""
    if (site / "vite.config.js").exists():
        await asyncio.to_thread(run, "npm run build", site)
        site /= "dist"
    app = web.Application()
    app.router.add_static("/", site)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        yield
    finally:
        await runner.cleanup()


@asynccontextmanager
async def opened(
    daemons: Daemons, site: Path, profile: Path, **variables: str
) -> AsyncIterator[Shop]:
    """The form just opened, with a key that works only there."""
    origin = f"http://127.0.0.1:{free_port()}"
    daemon = await daemons.start(BOOKINGD_CORS_ORIGINS=origin, **variables)
    made = await daemon.run("keys", "create", "web site", "--origin", origin)
    assert made.code == 0, made
    put_in(site, daemon.url, made.out.split()[0])
    async with (
        published(site, int(origin.rpartition(":")[2])),
        chromium(profile, timezone_id=ZONE, locale="en-GB") as context,
    ):
        shop = Shop(await context.new_page(), daemon)
        await shop.page.goto(f"{origin}/index.html")
        yield shop


@pytest.fixture
async def shop(daemons: Daemons, site: Path, tmp_path: Path) -> AsyncIterator[Shop]:
    async with opened(daemons, site, tmp_path / "profile") as shop:
        yield shop


async def test_a_customer_chooses_a_free_time_which_is_held_and_books_it(shop: Shop):
    await shop.hold()
    await expect(
        shop.page.get_by_role("radiogroup", name=f"Time (times in {ZONE})")
    ).to_be_visible()
    assert (await shop.daemon.post(booking(0))).code == "SLOT_TAKEN"
    await shop.fill()
    [made] = await shop.books()
    assert shop.sent[0].post_data_json["holdToken"]
    wanted = {"name": "Ada O'Brien", "company": "Example <b>&", "phone": None, "timeZone": ZONE}
    assert made.items() >= {**wanted, "timeSlot": slot(0)}.items()
    await expect(shop.page.locator(".thanks")).to_contain_text(f"{clock():%H:%M} ({ZONE})")


async def test_by_keyboard_alone_a_time_is_chosen_and_only_the_last_is_held(shop: Shop):
    await shop.hold()
    await shop.day.focus()
    for key in ("Tab", "Tab", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown"):
        await shop.page.keyboard.press(key)  # four quarters of an hour
    await expect(shop.time(2)).to_be_checked()
    await expect(shop.note).to_contain_text("Kept for you until")
    assert [await shop.is_free(number) for number in range(3)] == [True, True, False]
    await shop.fill()
    await shop.control("Company").press("Enter")
    await expect(shop.page.get_by_text("Thank you, Ada O'Brien")).to_be_focused()
    assert [made["timeSlot"] for made in await shop.bookings()] == [slot(2)]


async def test_a_time_is_let_go_when_another_day_is_chosen_and_when_the_page_is_left(shop: Shop):
    await shop.hold()
    assert not await shop.is_free()
    await shop.day.select_option(f"{clock() + timedelta(days=1):%Y-%m-%d}")
    await eventually(shop.is_free)
    await shop.send()
    await expect(shop.page.get_by_text("Please choose a time.")).to_be_visible()
    await expect(shop.day).to_be_focused()
    await shop.hold()
    assert not await shop.is_free()
    await shop.page.goto("about:blank")
    await eventually(shop.is_free)
    assert shop.sent == []


async def test_who_clicks_twice_books_once(shop: Shop):
    await shop.pick()
    await shop.fill()
    await shop.page.evaluate("for (let n = 0; n < 2; n++) document.forms[0].requestSubmit()")
    await expect(shop.page.get_by_text("Thank you, Ada O'Brien")).to_be_focused()
    assert len(await shop.bookings()) == len(shop.sent) == 1


async def test_who_sends_again_after_a_lost_answer_books_once(shop: Shop):
    async def lose(route: Route) -> None:
        headers = await route.request.all_headers()
        assert (await route.fetch(headers=headers)).status == 201
        await route.abort()

    await shop.page.route("**/api/bookings", lose, times=1)
    await shop.hold()
    await shop.fill()
    await shop.send()
    await expect(shop.alert).to_contain_text("Please try again: you will not be booked twice.")
    assert len(await shop.bookings()) == 1

    assert len(await shop.books()) == 1
    first, second = shop.keys
    assert first == second


async def test_what_is_wrong_with_a_field_is_said_beside_it(shop: Shop):
    await shop.hold()
    await shop.fill(**{"E-mail": "ada@nowhere", "Company": ""})
    await shop.send()
    await expect(shop.control("E-mail")).to_be_focused()
    for label in ("E-mail", "Company"):
        control = shop.control(label)
        await expect(control).to_have_attribute("aria-invalid", "true")
        told = await control.get_attribute("aria-describedby")
        error = shop.page.locator(f"[id='{told}']")
        await expect(error).not_to_be_empty()
        await expect(error).to_have_attribute("aria-live", "polite")
    await expect(shop.control("Name")).to_have_attribute("aria-invalid", "false")
    await expect(shop.time()).to_be_checked()
    assert await shop.bookings() == []

    await shop.fill()
    assert len(await shop.books()) == 1
    first, second = shop.keys
    assert first != second


async def test_all_that_is_missing_is_said_at_once(daemons: Daemons, site: Path, tmp_path: Path):
    before = await daemons.start()
    [service] = (await before.get("/api/services")).body["data"]
    assert await before.stop() == 0
    name_service(site, service["id"], 30)  # the daemon then names the e-mail first, and alone
    async with opened(daemons, site, tmp_path / "profile") as shop:
        await shop.send()
        await expect(shop.page.get_by_text("Please choose a time.")).to_be_visible()
        await expect(shop.page.get_by_text("Is needed.")).to_have_count(3)
        await shop.hold()
        await shop.send()
        await expect(shop.control("Name")).to_be_focused()
        for label in ("Name", "E-mail", "Company"):
            await expect(shop.control(label)).to_have_attribute("aria-invalid", "true")
        await expect(shop.control("Phone (optional)")).to_have_attribute("aria-invalid", "false")
        await shop.fill()
        assert len(await shop.books()) == 1


async def test_who_comes_back_to_the_page_has_the_time_held_again(shop: Shop):
    await shop.hold()
    await shop.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    await eventually(shop.is_free)
    async with shop.page.expect_response("**/api/holds") as held:
        await shop.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow'))")
    assert (await held.value).status == 201
    assert not await shop.is_free()

    await shop.page.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    await eventually(shop.is_free)
    await shop.daemon.book(booking(0))
    await shop.fill()
    await shop.time().focus()
    await shop.page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow'))")
    await shop.is_told_of_the_loss()


async def test_where_there_are_several_services_the_form_says_that_it_needs_one(shop: Shop):
    other = {"name": "Other", "durations": [60]}
    assert (await shop.daemon.ask("POST", "/api/services", json=other)).status == 201
    await shop.page.reload()
    await expect(shop.alert).to_contain_text("serviceId: ")


async def test_a_service_is_booked_with_its_length_and_its_questions(
    daemons: Daemons, site: Path, tmp_path: Path
):
    before = await daemons.start()
    asked = [{"label": "Age", "type": "number", "required": True}]
    service = {"name": "Other", "durations": [30, 60], "questions": asked}
    made = (await before.ask("POST", "/api/services", service)).body
    assert await before.stop() == 0
    name_service(site, made["id"], 60)
    async with opened(daemons, site, tmp_path / "profile") as shop:
        age = '<label>Age <input name="answers.Age"></label>'
        await shop.page.evaluate(f"document.forms[0].insertAdjacentHTML('afterbegin', '{age}')")
        await shop.hold()
        await shop.fill(Age="42")
        [booked] = await shop.books()
        wanted = {"serviceId": made["id"], "timeSlot": slot(0, 60), "answers": {"Age": "42"}}
        assert booked.items() >= wanted.items()


async def test_a_browser_that_does_not_know_its_zone_books_by_the_clock_of_the_house(shop: Shop):
    await shop.page.add_init_script(NOWHERE)
    await shop.page.reload()
    await shop.pick(zone="UTC")
    await shop.fill()
    [made] = await shop.books()
    assert (made["timeZone"], made["timeSlot"]) == (None, slot(0))
    await expect(shop.page.locator(".thanks")).to_contain_text(f"{clock(0, 'UTC'):%H:%M} (UTC)")


async def test_an_hour_that_clocks_skip_is_not_offered(shop: Shop):
    day = change(hours=1)
    await shop.page.clock.set_fixed_time(datetime.combine(day, time()) - timedelta(days=3))
    await shop.page.reload()
    await shop.day.select_option(day.isoformat())
    for name, number in {"01:45": 1, "02:00": 0, "02:45": 0, "03:00": 1}.items():
        found = shop.page.get_by_role("radio", name=name, exact=True)
        await expect(found).to_have_count(number)


async def test_an_hour_that_clocks_show_twice_is_offered_twice(shop: Shop):
    day = change(hours=-1)
    await shop.page.clock.set_fixed_time(datetime.combine(day, time()) - timedelta(days=3))
    await shop.page.reload()
    await shop.day.select_option(day.isoformat())
    for offset in ("02:30", "03:30"):
        await shop.page.get_by_role("radio", name=f"01:30 (UTC-{offset})", exact=True).check()
    await shop.fill()
    [made] = await shop.books()
    assert made["startTime"] == f"{day}T05:00:00Z"


async def test_a_time_that_another_takes_before_it_is_chosen_is_told_at_once(shop: Shop):
    await shop.fill()
    await shop.day.select_option(f"{clock():%Y-%m-%d}")
    await shop.daemon.book(booking(0))
    await shop.pick()
    await shop.is_told_of_the_loss()
    assert shop.sent == []

    await shop.hold(1)
    await expect(shop.page.get_by_text("no longer free")).to_have_count(0)
    assert [made["timeSlot"] for made in await shop.books()] == [slot(0), slot(1)]


async def test_a_hold_that_has_expired_is_no_obstacle(shop: Shop, behind: Database):
    await shop.hold()
    await shop.fill()
    await behind.do(EXPIRE)
    [made] = await shop.books()
    assert made["timeSlot"] == slot(0)
    first, second = shop.keys
    assert first != second


async def test_a_time_that_another_takes_after_the_hold_is_told(shop: Shop, behind: Database):
    await shop.hold()
    await shop.fill()
    await behind.do(EXPIRE)
    await shop.daemon.book(booking(0))
    await shop.send()
    await shop.is_told_of_the_loss()

    await shop.hold(1)
    assert [made["timeSlot"] for made in await shop.books()] == [slot(0), slot(1)]


async def test_who_may_hold_no_more_books_without(daemons: Daemons, site: Path, tmp_path: Path):
    limit = {"BOOKINGD_HOLDS_PER_ADDRESS": "1"}
    async with opened(daemons, site, tmp_path / "profile", **limit) as shop:
        other = {"timeSlot": slot(5)}
        assert (await shop.daemon.ask("POST", "/api/holds", other, PUBLIC_KEY)).status == 201
        async with shop.page.expect_response("**/api/holds") as refused:
            await shop.pick()
        assert (await refused.value).status == 409
        await shop.fill()
        [made] = await shop.books()
        assert made["timeSlot"] == slot(0)
        assert "holdToken" not in shop.sent[0].post_data_json


async def test_when_nothing_is_free_later_days_can_be_shown(shop: Shop):
    [resource] = (await shop.daemon.get("/api/resources")).body["data"]
    today = datetime.now(ZoneInfo(ZONE)).date()
    closed = {"first": f"{today - timedelta(days=1)}", "last": f"{today + timedelta(days=20)}"}
    path = f"/api/resources/{resource['id']}/closures"
    assert (await shop.daemon.ask("POST", path, closed)).status == 201
    await shop.page.reload()
    await expect(shop.note).to_contain_text("Nothing is free from")
    await expect(shop.day).to_be_disabled()
    await shop.page.get_by_role("button", name="Show later days").click()
    await expect(shop.day).to_be_enabled()
    await expect(shop.note).to_be_empty()
    await shop.day.select_option(f"{today + timedelta(days=22)}")
    await expect(shop.page.get_by_role("radio")).not_to_have_count(0)


async def test_a_daemon_that_cannot_be_reached_is_asked_again(shop: Shop):
    await shop.hold()
    await shop.fill()
    await shop.daemon.kill()
    await shop.send()
    await expect(shop.alert).to_contain_text("cannot be reached")
    await shop.daemon.start()
    assert len(await shop.books()) == 1

    await shop.daemon.kill()
    await shop.page.reload()
    beside = shop.page.locator("[id='timeSlot.startTime-error']")
    await expect(beside).to_have_text("The free times cannot be shown. Please try again.")
    await expect(beside).to_have_attribute("aria-live", "polite")
    await shop.daemon.start()
    await shop.page.get_by_role("button", name="Try again").click()
    await expect(shop.alert).to_be_empty()
    await expect(beside).to_be_empty()
    await shop.pick(1)


async def test_a_busy_service_is_asked_again_for_the_same_booking(
    daemons: Daemons, site: Path, tmp_path: Path
):
    limit = {"BOOKINGD_RATE_LIMIT": "2/minute"}  # the free times, and the hold
    async with opened(daemons, site, tmp_path / "profile", **limit) as shop:
        await shop.hold()
        await shop.fill()
        await shop.page.clock.install()  # the page's, not the daemon's
        await shop.send()
        button = shop.page.get_by_role("button", name="Book", exact=True)
        for _ in range(3):
            await expect(shop.alert).to_contain_text("We try again in")
            await expect(button).to_be_disabled()
            tries = len(shop.sent)
            await shop.page.clock.fast_forward(60_000)
            await eventually(lambda tries=tries: len(shop.sent) > tries)
        await expect(shop.alert).to_have_text("Too many requests from this address.")
        await expect(button).to_be_enabled()
        await expect(shop.time()).to_be_checked()
        assert len(shop.keys) == 4
        assert len(set(shop.keys)) == 1
