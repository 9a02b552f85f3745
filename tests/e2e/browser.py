"""Chromium that can reach nothing but this machine."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import BrowserContext, async_playwright

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
