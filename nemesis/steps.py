"""Steps of the wall clock while the daemon runs, and what must not come of them."""

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from nemesis.clock import Clock
from nemesis.expected import AHEAD, Asked, Owed, Stretch, outcome, wrong_mails, wrong_reminders
from nemesis.house import House
from nemesis.relay import SLOW, Mood, Relay
from nemesis.watch import Watch
from tests.e2e.booking import CUSTOMER
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import eventually
from tests.e2e.database import Database

HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)

STEPS = (-HOUR, HOUR, HOUR, -HOUR, 30 * DAY, -30 * DAY)
"""Each from where the one before led: behind and right again, ahead and right again, and far."""

SETTINGS = {
    "BOOKINGD_BASE_URL": "https://bookings.example.org",
    "BOOKINGD_RATE_LIMIT": "100/minute",
    "BOOKINGD_TRUSTED_PROXIES": "127.0.0.1",
    "BOOKINGD_REMINDERS": f"{AHEAD // HOUR}h",
}
WINDOW = 60.0

GAP = 10.0
"""Seconds at the most in which nothing goes out, whatever the clock does."""

PATIENCE = 60.0
"""Seconds after which what has not come is taken for lost."""

SOON = [4 * SECOND, 5 * SECOND, 6 * SECOND]
"""In what time the first reminders of a stretch are due."""

PLANNED = [HOUR / 2, 1.6 * HOUR, 9 * DAY, 29 * DAY + HOUR, 29 * DAY + 20 * HOUR, 32 * DAY, 40 * DAY]
"""In what time those are due that steps reach, or pass over."""


@dataclass
class Seen:
    """What one stretch showed, in seconds.

    Without a run of the drain job; from the step to the last mail that was owed by then; from a
    booking to its mails; from due to reminded. And what all reminders were in its end.
    """

    ahead: timedelta
    drain: float = 0.0
    owed: float = 0.0
    told: float = 0.0
    reminded: float = 0.0
    reminders: Counter[str] = field(default_factory=Counter)


@dataclass
class Findings:
    """What was seen; `wrong` is what should not have been."""

    stretches: list[Seen] = field(default_factory=list)
    bookings: int = 0
    mails: int = 0
    wrong: list[str] = field(default_factory=list)


async def run(
    daemons: Daemons, behind: Database, post: Relay, say: Callable[[str], None]
) -> Findings:
    """Set the clock again and again while daemons work; look what that did.

    On PostgreSQL two go by the same clock.
    """
    clock = Clock(daemons.home / "clock")
    settings = {**clock.variables, **SETTINGS}
    several = [await daemons.start(**settings) for _ in range(1 if behind.file else 2)]
    stepping = Stepping(House(several, behind, post, clock))
    say("the clock is right")
    await stepping.begin()
    for by in STEPS:
        say(f"the clock steps by {by.total_seconds() / 3600:+g} h")
        await stepping.step(by)
    say("looking at what is left")
    await stepping.end()
    return stepping.found


class Stepping:
    """Sets the clock in bad moments, and watches what the daemons do."""

    def __init__(self, house: House) -> None:
        self.found = Findings()
        self._house = house
        self._stretches: list[Stretch] = []
        self._tired: list[tuple[float, Mapping[str, str]]] = []
        self._watches = [Watch(daemon, house.address) for daemon in house.daemons]

    async def begin(self) -> None:
        """The first stretch, by the right time."""
        for watch in self._watches:
            watch.begin()
        await self._live_through(self._house.clock.now(), time.monotonic(), [])

    async def step(self, by: timedelta) -> None:
        """Set the clock while mails wait, one is under way, and an address has had enough."""
        house = self._house
        await self._tire()
        slow = await self._book(50 * DAY, f"{SLOW}@example.org")
        await eventually(lambda: self._one_came(slow), within=GAP)
        house.post.be(Mood.CLOSED)
        owed = [await self._book(days * DAY) for days in (60, 61, 62)]
        await eventually(self._kept_back, within=GAP)
        await self._check_reminders()
        house.clock.set(house.clock.ahead + by)
        begun, at = house.clock.now(), time.monotonic()
        house.post.be(Mood.CALM)
        await eventually(house.go_by_the_clock, within=GAP)
        await self._check_limit()
        await self._live_through(begun, at, [slow, *owed])

    async def end(self) -> None:
        """Look at everything that there is by now."""
        await self._check_end_of_limit()
        for watch in self._watches:
            await watch.end()
        await self._check_reminders()
        house, came, found = self._house, self._house.came(), self.found
        found.wrong += wrong_mails(await house.mails(), came)
        found.bookings, found.mails = len(house.asked), came.total()
        for daemon in house.daemons:
            if code := await daemon.stop():
                found.wrong.append(f"ended with {code}")
            if "Traceback" in daemon.err:
                found.wrong.append("a traceback in the log")

    async def _live_through(self, begun: datetime, at: float, owed: Sequence[Asked]) -> None:
        """A stretch that began `at` that moment, when the clock showed `begun`."""
        house = self._house
        self._stretches.append(Stretch(begun, begun))
        self.found.stretches.append(Seen(house.clock.ahead))
        soon = [await self._book(ahead) for ahead in SOON]
        due = time.monotonic() + (soon[-1].due - house.clock.now()).total_seconds()
        for ahead in PLANNED:
            await self._book(ahead)
        await house.cancel(await self._book(3 * DAY))
        booked, seen = time.monotonic(), self._seen
        seen.owed = await self._late("owed at the step", lambda: house.mails(owed), at)
        seen.reminded = await self._late("reminders", lambda: house.reminders(soon), due)
        seen.told = await self._late("new bookings' mails", house.mails, booked)
        seen.drain = max(watch.longest("drain", at) for watch in self._watches)
        idle = {job for watch in self._watches for job in watch.idle(at)}
        if seen.drain > GAP or idle:
            self.found.wrong.append(f"drain paused for {seen.drain:.1f} s; did not run: {idle}")

    async def _late(
        self, what: str, owed: Callable[[], Awaitable[Sequence[Owed]]], since: float
    ) -> float:
        """How long after `since` the last of them came; a breach if that is over the gap."""

        async def sent() -> bool:
            came = self._house.came()
            return all(one.state == "sent" and came[one.id] for one in await owed())

        with suppress(AssertionError):
            await eventually(sent, within=max(since - time.monotonic(), 0) + PATIENCE)
        arrivals, never = self._house.arrivals(), time.monotonic()
        late = max((arrivals.get(one.id, never) for one in await owed()), default=0) - since
        if late > GAP:
            ahead = self._house.clock.ahead
            self.found.wrong.append(f"{what}: {late:.1f} s late, the clock {ahead} ahead")
        return max(late, 0.0)

    async def _book(self, due_in: timedelta, email: str = CUSTOMER) -> Asked:
        return await self._house.book(len(self._stretches) - 1, due_in, email)

    async def _check_reminders(self) -> None:
        """Each is by now what the clock, as it has been so far, has made of it."""
        self._end_stretch()
        asked, reminders, came = (
            self._house.asked,
            await self._house.reminders(),
            self._house.came(),
        )
        self.found.wrong += wrong_reminders(asked, self._stretches, reminders, came)
        self._seen.reminders = Counter(outcome(one, self._stretches) for one in asked)

    @property
    def _seen(self) -> Seen:
        return self.found.stretches[-1]

    def _end_stretch(self) -> None:
        self._stretches[-1] = replace(self._stretches[-1], ended=self._house.clock.now())

    async def _tire(self) -> None:
        """Ask from one address until it has had enough."""
        address = self._house.address()
        while (await self._house.catalogue(address)).status == 200:
            pass
        self._tired.append((time.monotonic(), address))

    async def _check_limit(self) -> None:
        """The step neither ends a limit nor makes it longer."""
        _, address = self._tired[-1]
        answer = await self._house.catalogue(address)
        if answer.status != 429 or not 0 < int(answer.headers["Retry-After"]) <= WINDOW:
            self.found.wrong.append(f"limit, the clock {self._house.clock.ahead} ahead: {answer}")

    async def _check_end_of_limit(self) -> None:
        since, address = self._tired[0]
        await asyncio.sleep(max(since + WINDOW + 1 - time.monotonic(), 0))
        if (await self._house.catalogue(address)).status != 200:
            self.found.wrong.append("a limit outlasted its minute")

    async def _kept_back(self) -> bool:
        """Whether a daemon knows that the mail server is closed."""
        return "RELAY_UNUSABLE" in await self._house.warnings()

    async def _one_came(self, asked: Asked) -> bool:
        came = self._house.came()
        return any(came[mail.id] for mail in await self._house.mails([asked]))
