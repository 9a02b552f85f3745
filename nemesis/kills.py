"""A run of kills under load, while the mail server is in all moods, and the verdict."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from nemesis.clock import Clock
from nemesis.judge import again, in_the_window, without_reason
from nemesis.killing import MEASURED, SOON, Killer
from nemesis.relay import Mood, Receipt, Relay
from tests.e2e.clients import Clients
from tests.e2e.conftest import Daemons
from tests.e2e.daemon import Daemon, eventually
from tests.e2e.database import Database
from tests.e2e.promises import broken, wrong_mails, wrong_messages

SETTINGS = {"BOOKINGD_BASE_URL": "https://bookings.example.org"}
"""Several daemons are one to the customer, so their mails lead to one address."""

DRAINED = 120.0
"""Seconds that all that waits gets in the end."""

ENOUGH = 10 * MEASURED
"""Kills of which one that is watched meets a mail under way, surely."""

LATER = timedelta(hours=12)
"""Longer than any mail of a run waits for its next attempt, and not so long that one reminds."""

OWED = "kind <> 'reminder' AND state IN ('pending', 'leased')"


@dataclass(frozen=True, slots=True)
class Plan:
    """How many kills, what chance decides, and how long a client waits at the most, in seconds."""

    kills: int
    seed: int
    pause: float


@dataclass
class Findings:
    """What was seen; `wrong` is what should not have been."""

    kills: int = 0
    starting: int = 0
    leased: int = 0
    stranded: list[float] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    promised: int = 0
    messages: int = 0
    mails: int = 0
    untold: int = 0
    in_the_window: int = 0
    doubled: int = 0
    backlog: int = 0
    drained: float = 0.0
    later: int = 0
    wrong: list[str] = field(default_factory=list)


async def run(
    daemons: Daemons, behind: Database, post: Relay, plan: Plan, say: Callable[[str], None]
) -> Findings:
    """Kill so many times, then look whether anything is lost, and what came twice.

    On PostgreSQL two daemons share the work.
    """
    found = Findings()
    clock = Clock(daemons.home / "clock")
    later = {**SETTINGS, **clock.variables}
    several = [daemons.make(**SETTINGS) for _ in range(1 if behind.file else 2)]
    killer = Killer(several, behind, post, random.Random(plan.seed))
    clients = await _kill_under_load(several, killer, plan, say)
    _note(killer, clients, found)
    say("the mail server is well again")
    post.be(Mood.CALM)
    await _drain(several, behind, found)
    await _end(several, found)
    say(f"{LATER} h later")
    clock.set(LATER)
    leapt = time.monotonic()
    several = [await daemons.start(**later) for _ in several]
    await _send_the_rest(behind, found)
    say("looking at what is left")
    await _judge(several[0], behind, clients, found)
    await _judge_mails(post.receipts(), behind, killer, leapt, found)
    await _end(several, found)
    if behind.file and await behind.rows("PRAGMA integrity_check") != [("ok",)]:
        found.wrong.append("the database is damaged")
    return found


async def _kill_under_load(
    several: Sequence[Daemon], killer: Killer, plan: Plan, say: Callable[[str], None]
) -> Clients:
    for daemon in several:
        await daemon.start()
    clients = Clients(*several, pause=plan.pause, seed=plan.seed)
    for number in range(1, plan.kills + 1):
        say(f"kill {number} of {plan.kills}; {len(clients.promises)} bookings promised")
        await killer.strike(number)
    await clients.stop()
    return clients


def _note(killer: Killer, clients: Clients, found: Findings) -> None:
    found.kills, found.starting = len(killer.deaths), killer.starting
    found.leased = sum(len(death.leased) for death in killer.deaths)
    found.stranded = killer.stranded
    found.answers, found.unanswered = clients.answers, clients.unanswered
    found.promised = len(clients.promises)
    found.wrong += [f"stranded for {took:.1f} s" for took in killer.stranded if took > SOON]
    if found.kills >= ENOUGH and not killer.stranded:
        found.wrong.append("no kill that was watched met a mail under way")
    found.wrong += [f"answered {status}" for status in clients.answers.keys() - {200, 201, 409}]


async def _drain(several: Sequence[Daemon], behind: Database, found: Findings) -> None:
    """Until nothing is due but what waits, for a reason, for its next attempt."""
    for daemon in several:
        await daemon.well()
    found.backlog = await behind.ready()

    async def drained() -> bool:
        return await behind.ready() == 0

    try:
        found.drained = await eventually(drained, within=DRAINED)
    except AssertionError:
        found.wrong.append(f"{await behind.ready()} mails still wait after {DRAINED:.0f} s")
    waiting = await behind.rows(f"SELECT id, last_error FROM messages WHERE {OWED}")
    found.later = len(waiting)
    found.wrong += [f"waits without a reason: {one}" for one, reason in waiting if reason is None]


async def _send_the_rest(behind: Database, found: Findings) -> None:
    async def sent() -> bool:
        return await behind.number(f"SELECT count(*) FROM messages WHERE {OWED}") == 0

    try:
        await eventually(sent, within=DRAINED)
    except AssertionError:
        found.wrong.append(f"mails still wait {LATER} h later")


async def _judge(daemon: Daemon, behind: Database, clients: Clients, found: Findings) -> None:
    found.messages = await behind.number("SELECT count(*) FROM messages")
    found.wrong += await broken(daemon, clients.promises)
    found.wrong += await wrong_messages(behind)
    if overlaps := await behind.overlaps():
        found.wrong.append(f"pairs of bookings that overlap: {overlaps}")
    states = await behind.states()
    lost = states.keys() - {"sent", "pending", "superseded"}
    found.wrong += [f"messages {state}: {states[state]}" for state in lost]


async def _judge_mails(
    receipts: Sequence[Receipt], behind: Database, killer: Killer, leapt: float, found: Findings
) -> None:
    twice = again(receipts)
    found.mails, found.doubled = len(receipts), len(twice)
    found.untold = sum(not receipt.told for receipt in receipts)
    found.in_the_window = in_the_window(receipts, killer.deaths)
    found.wrong += await wrong_mails(behind, [(mail.id, mail.digest) for mail in receipts])
    found.wrong += without_reason(twice, killer.deaths, leapt)
    if found.doubled > found.in_the_window + found.untold:
        found.wrong.append(f"more came twice than there were reasons: {found.doubled}")


async def _end(several: Sequence[Daemon], found: Findings) -> None:
    for daemon in several:
        if code := await daemon.stop():
            found.wrong.append(f"ended with {code}")
        if "Traceback" in daemon.err:
            found.wrong.append("a traceback in the log")
