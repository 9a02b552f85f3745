"""What an end-to-end test stands on: a database, a mail server, and daemons."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.e2e.booking import ADMIN
from tests.e2e.daemon import ADMIN_KEY, PUBLIC_KEY, Daemon
from tests.e2e.database import Database
from tests.e2e.launch import Launch, command, forked
from tests.e2e.mailbox import Mailbox
from tests.postgres import EMPTY


class Daemons:
    """Daemons on one database and one mail server; whatever a test leaves running is ended."""

    def __init__(self, home: Path, url: str, mailbox: Mailbox, launch: Launch = command) -> None:
        self.home = home
        self._launch = launch
        self.variables = {
            "BOOKINGD_ENV": "production",
            "BOOKINGD_DATABASE_URL": url,
            "BOOKINGD_RATE_LIMIT": "off",
            "BOOKINGD_ADMIN_KEY": ADMIN_KEY,
            "BOOKINGD_PUBLIC_KEY": PUBLIC_KEY,
            "BOOKINGD_ADMIN_EMAIL": ADMIN,
            "BOOKINGD_MAIL_FROM": "bookings@example.org",
            "BOOKINGD_SMTP_HOST": "127.0.0.1",
            "BOOKINGD_SMTP_PORT": str(mailbox.port),
            "BOOKINGD_SMTP_TLS": "none",
        }
        self._made: list[Daemon] = []

    def make(self, **variables: str) -> Daemon:
        """One that does not run yet; an empty variable is left out."""
        given = {name: value for name, value in {**self.variables, **variables}.items() if value}
        daemon = Daemon(self.home, given, f"daemon{len(self._made)}", self._launch)
        self._made.append(daemon)
        return daemon

    async def start(self, **variables: str) -> Daemon:
        return await self.make(**variables).start()

    async def close(self) -> None:
        for daemon in self._made:
            await daemon.close()


@pytest.fixture
def like() -> str:
    """Nobody has opened the database yet."""
    return EMPTY


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    mailbox = Mailbox()
    await mailbox.open()
    yield mailbox
    await mailbox.close()


@pytest.fixture
def behind(database: str) -> Database:
    """The database past the daemon."""
    return Database(database)


by_command = pytest.mark.parametrize("launch", [command], ids=["command"])


@pytest.fixture
def launch() -> Launch:
    """How daemons are run, unless a test asks for another way by `by_command`."""
    return forked


@pytest.fixture
async def daemons(
    tmp_path: Path, database: str, mailbox: Mailbox, launch: Launch
) -> AsyncIterator[Daemons]:
    daemons = Daemons(tmp_path, database, mailbox, launch)
    yield daemons
    await daemons.close()


@pytest.fixture
async def daemon(daemons: Daemons) -> Daemon:
    return await daemons.start()
