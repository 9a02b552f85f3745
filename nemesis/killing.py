"""kill -9 of a daemon, its successor, and what becomes of the mails that it had under way."""

import asyncio
import random
import signal
import time
from collections.abc import Sequence
from contextlib import suppress

from nemesis.judge import Death
from nemesis.relay import Mood, Relay
from storage.postgres.statements.outbox import PRESENCE
from tests.e2e.daemon import FAULTS, Daemon, eventually
from tests.e2e.database import Database

SOON = 5.0
"""Seconds within which what a dead daemon had under way is sent."""

MEASURED = 5
"""Every so many kills the mail server is well, and what was under way is watched."""

NOTICED = 0.5
"""Seconds in which PostgreSQL sees that a session has ended."""

WELL = 60.0
"""Seconds in which daemons find out that their mail server is well again."""

MOODS = (Mood.CALM, Mood.ROUGH, Mood.ROUGH, Mood.CLOSED)


class Killer:
    """Kills daemons that work on one database, and gives each a successor."""

    def __init__(
        self, daemons: Sequence[Daemon], behind: Database, post: Relay, chance: random.Random
    ) -> None:
        self.deaths: list[Death] = []
        self.starting = 0
        self.stranded: list[float] = []
        self._daemons = daemons
        self._behind = behind
        self._post = post
        self._chance = chance

    async def strike(self, number: int) -> None:
        """Kill one; sometimes while it starts, and sometimes look what becomes of its mails."""
        victim = self._chance.choice(self._daemons)
        if number % MEASURED == 0:
            await self._strike_measured(victim)
        elif number % MEASURED == 1:
            self.starting += 1
            await asyncio.sleep(self._chance.uniform(0, 0.7))
            await self._kill(victim)
        else:
            self._post.be(self._chance.choice(MOODS))
            await victim.well()
            await asyncio.sleep(self._chance.uniform(0, 0.8))
            await self._kill(victim)

    async def _strike_measured(self, victim: Daemon) -> None:
        """Reckon from the death where others live, else from the start of the successor."""
        self._post.be(Mood.CALM)
        for daemon in self._daemons:
            await daemon.well()
            await eventually(lambda daemon=daemon: _relay_usable(daemon), within=WELL)
        await asyncio.sleep(self._chance.uniform(0, 0.8))
        death = await self._kill(victim)
        since = death.at
        if len(self._daemons) == 1:
            await victim.well()
            since = time.monotonic()
        if death.leased:
            self.stranded.append(await self._until_gone(death, since))

    async def _until_gone(self, death: Death, since: float) -> float:
        """How long it takes until all that it had under way is sent."""
        ids = ", ".join(f"'{message}'" for message in death.leased)
        waiting = (
            f"SELECT count(*) FROM messages WHERE id IN ({ids}) AND state IN ('pending', 'leased')"
        )

        async def gone() -> bool:
            return await self._behind.number(waiting) == 0

        with suppress(AssertionError):
            await eventually(gone, within=4 * SOON)
        return time.monotonic() - since

    async def _kill(self, victim: Daemon) -> Death:
        """Stop it first, so that what it has under way can be asked for; it does nothing more."""
        victim.tell(signal.SIGSTOP)
        at, leased, alive = time.monotonic(), await self._behind.leased(), await self._alive()
        await victim.kill()
        dead = await self._gone(alive)
        await victim.spawn()
        death = Death(at, {message for message, owner in leased.items() if owner in dead})
        self.deaths.append(death)
        return death

    async def _alive(self) -> set[int]:
        """The daemons that show that they live; on SQLite there is one, and nothing to show."""
        if self._behind.file:
            return set((await self._behind.leased()).values())
        rows = await self._behind.rows(
            "SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' "
            f"AND classid = {PRESENCE} AND objsubid = 2 AND granted"
        )
        return {owner for (owner,) in rows}

    async def _gone(self, before: set[int]) -> set[int]:
        """Who of them has died. One that was still starting had not shown itself."""
        if self._behind.file:
            return before
        with suppress(AssertionError):
            await eventually(lambda: self._fewer(before), within=NOTICED, every=0.005)
        return before - await self._alive()

    async def _fewer(self, before: set[int]) -> bool:
        return not before <= await self._alive()


async def _relay_usable(daemon: Daemon) -> bool:
    with suppress(*FAULTS):
        found = await daemon.get("/api/health/jobs")
        return "RELAY_UNUSABLE" not in {warning["code"] for warning in found.body["warnings"]}
    return False
