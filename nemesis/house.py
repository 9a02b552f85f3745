"""Daemons on one database, those who book with them, and what has come of it."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count, cycle
from typing import Any

from nemesis.clock import Clock
from nemesis.expected import AHEAD, Asked, Owed
from nemesis.relay import Relay
from tests.e2e.booking import CUSTOMER, booking
from tests.e2e.daemon import Answer, Daemon
from tests.e2e.database import Database

CLOSE = timedelta(seconds=5)
"""How little a daemon that goes by the clock differs from it."""


class House:
    """They ask the daemons by turns, each time from a new address, so that no limit is met."""

    def __init__(
        self, daemons: Sequence[Daemon], behind: Database, post: Relay, clock: Clock
    ) -> None:
        self.daemons = daemons
        self.post = post
        self.clock = clock
        self.asked: list[Asked] = []
        self._behind = behind
        self._turn = cycle(daemons)
        self._number = count(1)

    async def book(self, stretch: int, due_in: timedelta, email: str = CUSTOMER) -> Asked:
        """A booking, in a room of its own, whose reminder is due in that time."""
        daemon, room = next(self._turn), {"name": f"Room {next(self._number)}"}
        made = await self._ask(daemon, "POST", "/api/resources", room)
        at = self.clock.now()
        start = at + AHEAD + due_in
        slot = {"startTime": start.isoformat(), "duration": 30}
        body = booking(timeSlot=slot, email=email, resourceId=made.body["id"])
        placed = await self._ask(daemon, "POST", "/api/bookings", body)
        asked = Asked(placed.body["id"], start, stretch, at)
        self.asked.append(asked)
        return asked

    async def cancel(self, asked: Asked) -> None:
        """Cancel a booking."""
        await self._ask(next(self._turn), "DELETE", f"/api/bookings/{asked.id}")
        self.asked[self.asked.index(asked)] = replace(asked, cancelled=True)

    def address(self) -> dict[str, str]:
        """Come from where nobody came from before."""
        number = next(self._number)
        return {"X-Forwarded-For": f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"}

    async def catalogue(self, address: Mapping[str, str]) -> Answer:
        """Ask the first daemon for what anybody may see, from that address."""
        return await self.daemons[0].ask("GET", "/api/services", headers=dict(address))

    async def go_by_the_clock(self) -> bool:
        """Whether every daemon has seen how the clock is set."""
        answers = [await daemon.get("/api/health") for daemon in self.daemons]
        shown = [datetime.fromisoformat(answer.body["timestamp"]) for answer in answers]
        return all(abs(self.clock.now() - one) < CLOSE for one in shown)

    async def warnings(self) -> set[str]:
        """What any of the daemons warns of."""
        answers = [
            await daemon.ask("GET", "/api/health/jobs", headers=self.address())
            for daemon in self.daemons
        ]
        told = [answer.body["warnings"] for answer in answers if answer.status == 200]
        return {warning["code"] for warnings in told for warning in warnings}

    def came(self) -> Counter[str]:
        """How often each message came."""
        return Counter(receipt.message for receipt in self.post.receipts())

    def arrivals(self) -> dict[str, float]:
        """At which monotonic second each message came, at last."""
        return {receipt.message: receipt.at for receipt in self.post.receipts()}

    async def mails(self, bookings: Collection[Asked] | None = None) -> list[Owed]:
        """What was owed at once, to all or for these bookings."""
        return await self._outbox("<> 'reminder'", bookings)

    async def reminders(self, bookings: Collection[Asked] | None = None) -> list[Owed]:
        """The reminders, of all or of these bookings."""
        return await self._outbox("= 'reminder'", bookings)

    async def _outbox(self, kind: str, bookings: Collection[Asked] | None) -> list[Owed]:
        rows = await self._behind.rows(
            f"SELECT id, booking_id, state FROM messages WHERE kind {kind}"
        )
        ids = {one.id for one in self.asked if bookings is None or one in bookings}
        return [Owed(str(one), str(of), state) for one, of, state in rows if str(of) in ids]

    async def _ask(self, daemon: Daemon, method: str, path: str, body: Any = None) -> Answer:
        """Raises `RuntimeError` for what is no success."""
        answer = await daemon.ask(method, path, body, headers=self.address())
        if answer.status >= 300:
            raise RuntimeError(f"{method} {path}: {answer}")
        return answer
