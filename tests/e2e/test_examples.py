"""The booking forms of examples/, as a customer meets them: on a site of another origin."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from aiohttp import web
from playwright.async_api import Locator, Page, Route, expect

from tests.e2e.booking import FIRST, booking, slot
from tests.e2e.browser import chromium
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import ROOT, Daemon, eventually, free_port

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

BUILD = 300.0


class Shop:
    """A web site with a form, and the daemon that it books at."""

    def __init__(self, page: Page, daemon: Daemon) -> None:
        self.page = page
        self.daemon = daemon
        self.sent: list[dict[str, str]] = []
        page.on("request", lambda request: self._note(request.method, request.headers))

    def _note(self, method: str, headers: dict[str, str]) -> None:
        if method == "POST":
            self.sent.append(headers)

    async def fill(self, number: int = 0, **fields: str) -> None:
        """Fill in the form for the slot with this number, as the customer's clock shows it."""
        start = datetime.fromisoformat(slot(number)["startTime"]).astimezone(ZoneInfo(ZONE))
        typed = {"Name": "Ada O'Brien", "E-mail": "ada@example.com", "Company": "Example <b>&"}
        typed |= {"Day": f"{start:%Y-%m-%d}", "Time": f"{start:%H:%M}", **fields}
        for label, text in typed.items():
            await self.page.get_by_label(label, exact=True).fill(text)

    async def send(self) -> None:
        await self.page.get_by_role("button", name="Book", exact=True).click()

    def control(self, label: str) -> Locator:
        return self.page.get_by_label(label, exact=True)

    async def bookings(self) -> list[dict[str, Any]]:
        return list((await self.daemon.get("/api/bookings")).body["data"])


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


async def test_a_customer_books(shop: Shop):
    await shop.fill()
    await shop.send()
    await expect(shop.page.get_by_text("Thank you, Ada O'Brien")).to_be_focused()
    [made] = await shop.bookings()
    wanted = {"name": "Ada O'Brien", "company": "Example <b>&", "phone": None, "timeZone": ZONE}
    assert made.items() >= {**wanted, "timeSlot": slot(0)}.items()
    begins = FIRST.astimezone(ZoneInfo(ZONE))
    await expect(shop.page.locator(".thanks")).to_contain_text(f"{begins:%H:%M} ({ZONE})")


async def test_who_clicks_twice_books_once(shop: Shop):
    await shop.fill()
    await shop.page.evaluate("for (let n = 0; n < 2; n++) document.forms[0].requestSubmit()")
    await expect(shop.page.get_by_text("Thank you, Ada O'Brien")).to_be_focused()
    first, second = shop.sent
    assert first["idempotency-key"] == second["idempotency-key"]
    assert len(await shop.bookings()) == 1


async def test_who_sends_again_after_a_lost_answer_books_once(shop: Shop):
    async def lose(route: Route) -> None:
        headers = await route.request.all_headers()
        assert (await route.fetch(headers=headers)).status == 201
        await route.abort()

    await shop.page.route("**/api/bookings", lose, times=1)
    await shop.fill()
    await shop.send()
    alert = shop.page.get_by_role("alert")
    await expect(alert).to_contain_text("Please send again: you will not be booked twice.")
    assert len(await shop.bookings()) == 1

    await shop.send()
    await expect(shop.page.get_by_text("Thank you, Ada O'Brien")).to_be_focused()
    first, second = shop.sent
    assert first["idempotency-key"] == second["idempotency-key"]
    assert len(await shop.bookings()) == 1


async def test_what_is_wrong_with_a_field_is_said_beside_it(shop: Shop):
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
    assert await shop.bookings() == []

    await shop.fill()
    await shop.send()
    await expect(shop.page.get_by_text("Thank you")).to_be_focused()
    first, second = shop.sent
    assert first["idempotency-key"] != second["idempotency-key"]


async def test_what_is_wrong_with_a_field_that_the_form_does_not_have_is_told(shop: Shop):
    other = {"name": "Other", "durations": [60]}
    assert (await shop.daemon.ask("POST", "/api/services", json=other)).status == 201
    await shop.fill()
    await shop.send()
    await expect(shop.page.get_by_role("alert")).to_contain_text("serviceId: ")
    assert await shop.bookings() == []


async def test_a_browser_that_does_not_know_its_zone_books(shop: Shop):
    await shop.page.add_init_script(NOWHERE)
    await shop.page.reload()
    await shop.fill()
    await shop.send()
    await expect(shop.page.get_by_text("Thank you, Ada O'Brien")).to_contain_text("your own time")
    [made] = await shop.bookings()
    assert (made["timeZone"], made["timeSlot"]) == (None, slot(0))


async def test_a_time_that_the_day_leaves_out_is_not_sent(shop: Shop):
    await shop.fill(Day="2027-03-14", Time="02:30")  # clocks go from 02:00 to 03:00
    await shop.send()
    await expect(shop.control("Day")).to_be_focused()
    await expect(shop.control("Time")).to_have_attribute("aria-invalid", "true")
    assert shop.sent == []


async def test_a_taken_time_comes_with_free_ones_to_choose_from(shop: Shop):
    await shop.daemon.book(booking(0))
    await shop.fill(0)
    await shop.send()
    await expect(shop.page.get_by_role("alert")).not_to_be_empty()
    offered = shop.page.get_by_role("group", name="These times are free").get_by_role("button")
    await expect(offered).to_have_count(3)
    await expect(offered.first).to_be_focused()
    await offered.nth(1).click()
    await expect(shop.page.get_by_text("Thank you")).to_be_focused()
    _, chosen = await shop.bookings()
    assert chosen["timeSlot"] == slot(2)


async def test_a_busy_service_is_asked_again_for_the_same_booking(
    daemons: Daemons, site: Path, tmp_path: Path
):
    limit = {"BOOKINGD_RATE_LIMIT": "1/minute"}
    async with opened(daemons, site, tmp_path / "profile", **limit) as shop:
        await shop.fill(**{"E-mail": "ada@nowhere"})
        await shop.send()
        await expect(shop.control("E-mail")).to_be_focused()

        await shop.page.clock.install()  # the page's, not the daemon's
        await shop.fill()
        await shop.send()
        alert = shop.page.get_by_role("alert")
        button = shop.page.get_by_role("button", name="Book", exact=True)
        for _ in range(3):
            await expect(alert).to_contain_text("We try again in")
            await expect(button).to_be_disabled()
            tries = len(shop.sent)
            await shop.page.clock.fast_forward(60_000)
            await eventually(lambda tries=tries: len(shop.sent) > tries)
        await expect(alert).to_have_text("Too many requests from this address.")
        await expect(button).to_be_enabled()
        assert len({sent["idempotency-key"] for sent in shop.sent[1:]}) == 1
        assert len(shop.sent) == 5
