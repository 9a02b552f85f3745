"""The page of the documentation as a person uses it, in Chromium that can reach nothing else."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.e2e.booking import booking
from tests.e2e.browser import Visit, chromium
from tests.e2e.daemon import PUBLIC_KEY, Daemon

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("database", ["sqlite"], indirect=True),
]


@pytest.fixture
async def visit(daemon: Daemon, tmp_path: Path) -> AsyncIterator[Visit]:
    """The page of the documentation, just opened."""
    async with chromium(tmp_path / "profile") as context:
        visit = Visit(await context.new_page(), daemon)
        await context.route("**/*", visit.guard)
        await visit.page.goto(f"{daemon.url}/api/docs/ui")
        yield visit


async def test_the_page_shows_every_operation_and_loads_nothing_from_elsewhere(visit: Visit):
    document = (await visit.daemon.get("/api/docs")).body
    operations = sum(len(operations) for operations in document["paths"].values())
    await expect(visit.page.locator(".opblock")).to_have_count(operations)
    await expect(visit.page.locator(".opblock-tag")).to_have_count(len(document["tags"]))
    await expect(visit.page.locator("h1, h2").first).to_contain_text("bookingd")
    assert (visit.elsewhere, visit.complaints) == ([], [])


async def test_try_it_out_with_a_key_makes_a_booking(visit: Visit):
    page = visit.page
    await page.get_by_role("button", name="Authorize").first.click()
    await page.get_by_label("auth-bearer-value").fill(PUBLIC_KEY)
    await page.get_by_role("button", name="Apply credentials").first.click()
    await page.get_by_role("button", name="Close", exact=True).click()

    create = page.locator("#operations-bookings-bookingsCreate")
    await create.locator(".opblock-summary-control").click()
    await create.get_by_role("button", name="Try it out").click()
    example = json.loads(await create.locator("textarea.body-param__text").input_value())
    assert example.keys() >= {"name", "email", "timeSlot"}
    wanted = booking(inquiry="O'Brien <b>&")
    await create.locator("textarea.body-param__text").fill(json.dumps(wanted))
    await create.get_by_role("button", name="Execute").click()

    status = create.locator(".live-responses-table .response-col_status").last
    await expect(status).to_contain_text("201")
    [made] = (await visit.daemon.get("/api/bookings")).body["data"]
    assert {name: made[name] for name in wanted} == wanted
    assert (visit.elsewhere, visit.complaints) == ([], [])
