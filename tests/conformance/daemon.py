"""A process that opens a database, does one thing, says so, and waits to be killed."""

import argparse
import asyncio
import sys

from storage import open_storage
from storage.interface import Storage
from tests.records import a_booking, a_message, claim, done, place


async def look(storage: Storage) -> list[str]:
    return [service.id for service in await storage.services()]


async def place_one(storage: Storage) -> list[str]:
    booking = a_booking()
    await done(storage, place(booking, a_message(booking)))
    return [booking.id]


async def claim_all(storage: Storage) -> list[str]:
    return [message.id for message in await claim(storage)]


ACTIONS = {"look": look, "place": place_one, "claim": claim_all}


async def main(url: str, shared: bool, action: str) -> None:
    storage = await open_storage(url, shared=shared)
    ids = await ACTIONS[action](storage)
    sys.stdout.write(" ".join(ids) + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("action", choices=ACTIONS)
    parser.add_argument("--shared", action="store_true")
    asked = parser.parse_args()
    asyncio.run(main(asked.url, asked.shared, asked.action))
