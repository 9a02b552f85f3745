"""What has to hold in the end, whoever was killed meanwhile. Each check lists what does not."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

from tests.e2e.clients import CLIENTS, Promise
from tests.e2e.daemon import Daemon
from tests.e2e.database import Database

TO_BOTH = {"placed": "confirmed", "changed": "changed", "cancelled": "cancelled"}
"""For each event, what customer and administrator are told of it."""


async def broken(daemon: Daemon, promises: Mapping[str, Promise]) -> list[str]:
    """Each booking that was answered is there, as it was answered last."""
    gate = asyncio.Semaphore(CLIENTS)
    wrong: list[str] = []

    async def check(booking_id: str, promise: Promise) -> None:
        async with gate:
            found = await daemon.get(f"/api/bookings/{booking_id}")
        if found.status != 200:
            wrong.append(f"answered 201, and now {found.status}: booking {booking_id}")
        elif not (
            datetime.fromisoformat(found.body["startTime"]) in promise.starts
            and found.body["status"] in promise.statuses
        ):
            wrong.append(f"not as it was answered: booking {booking_id}")

    await asyncio.gather(*(check(*item) for item in promises.items()))
    return wrong


async def wrong_messages(behind: Database) -> list[str]:
    """Each booking has exactly the messages that its history owes, and its reminder if it lives."""
    owed: Counter[tuple[str, str, str]] = Counter()
    placed: Counter[str] = Counter()
    for booking_id, kind in await behind.rows("SELECT booking_id, kind FROM events"):
        placed[str(booking_id)] += kind == "placed"
        owed.update((str(booking_id), TO_BOTH[kind], whom) for whom in ("customer", "admin"))
    live = await behind.rows("SELECT id FROM bookings WHERE status = 'CONFIRMED'")
    owed.update((str(booking_id), "reminder", "customer") for (booking_id,) in live)
    rows = await behind.rows(
        "SELECT booking_id, kind, audience FROM messages WHERE state <> 'superseded'"
    )
    there = Counter((str(booking_id), *rest) for booking_id, *rest in rows)
    bookings = Counter(str(found) for (found,) in await behind.rows("SELECT id FROM bookings"))
    return [
        *(f"owed, and not in the outbox: {message}" for message in owed - there),
        *(f"in the outbox, and not owed: {message}" for message in there - owed),
        *(
            f"bookings and events differ: {one}"
            for one in (bookings - placed) + (placed - bookings)
        ),
    ]


async def wrong_mails(behind: Database, came: Iterable[tuple[str, bytes | str]]) -> list[str]:
    """Each message that was due has come, and each time the same.

    `came` has for each mail its Message-ID and its bytes, or a digest of them.
    """
    rows = await behind.rows("SELECT id FROM messages WHERE kind <> 'reminder'")
    due = {f"<{message_id}@example.org>" for (message_id,) in rows}
    different = set(came)
    ids = Counter(message_id for message_id, _ in different)
    return [
        *(f"lost: {message_id}" for message_id in due - ids.keys()),
        *(f"came, and was not owed: {message_id}" for message_id in ids.keys() - due),
        *(
            f"came again, with other bytes: {message_id}"
            for message_id in ids
            if ids[message_id] > 1
        ),
    ]
