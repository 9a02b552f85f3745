"""Chromium that can reach nothing but this machine."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import BrowserContext, Page, Route, async_playwright

from tests.e2e.daemon import Daemon

QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@asynccontextmanager
async def chromium(profile: Path, **options: str) -> AsyncIterator[BrowserContext]:
    """A browser of its own; `options` are those of a context, such as `timezone_id`."""
    found = shutil.which("chromium")
    assert found, "there is no Chromium; make browser installs it"
    async with async_playwright() as playwright:
        context = await playwright.chromium.launch_persistent_context(
            profile, executable_path=found, args=list(QUIET), **options
        )
        yield context
        await context.close()


class Visit:
    """A page, what it wanted from elsewhere, and what the browser complained of."""

    def __init__(self, page: Page, daemon: Daemon) -> None:
        self.page = page
        self.daemon = daemon
        self.elsewhere: list[str] = []
        self.complaints: list[str] = []
        page.on("console", lambda said: self._note(said.type, said.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    async def guard(self, route: Route) -> None:
        url = route.request.url
        if url.startswith((f"{self.daemon.url}/", "data:")):
            await route.continue_()
        else:
            self.elsewhere.append(url)
            await route.abort()

    def _note(self, kind: str, text: str) -> None:
        if kind in {"error", "warning"}:
            self.complaints.append(text)
