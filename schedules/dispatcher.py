"""The dispatcher: claim, have it delivered, settle."""

import asyncio
import logging
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from schedules.actor import Actor, MailboxFull
from schedules.channels import Channel
from schedules.circuit import Circuit
from schedules.delivery import Delivery, Renderer
from schedules.retry import ATTEMPTS
from storage.errors import StorageError, Unavailable
from storage.interface import Storage
from storage.model import Due
from storage.writes import Claim, Release, Settle, Write

log = logging.getLogger(__name__)

AT_ONCE = 16
"""How many mails are under way at the same time, and as many calls of webhooks.

More than there are connections to the relay: so some wait there, and no connection does.
"""

ENOUGH = AT_ONCE // 2
"""When so many have ended, they are settled at once."""

GATHER = 0.01
"""Seconds between two looks, unless enough has ended meanwhile.

What comes to be due and what ends in that time is claimed and settled by one commit. On SQLite
bookings wait while others commit.
"""

SHARE = AT_ONCE // 4
"""So many calls are claimed at once, and a webhook with as many under way is passed over.

So it never has twice as many, and one that is slow leaves more than half of the places to others.
"""

HANGS = 1.0
"""Seconds after which a mail under way is waiting for its relay, and takes no time of bookings."""

FAREWELL = 25.0
"""Seconds that mails under way get to finish when the daemon stops."""


class Begun(NamedTuple):
    """A message under way: since when, by the event loop's clock, and to whom."""

    at: float
    recipient: str


class Dispatcher(Actor[None]):
    """Sends what is due, mails or webhook `calls`. Its only letter means: look what is due.

    There is one for each of the two, so that neither waits for the other.

    No transaction is open while a mail is under way, and no mail is under way without a lease.
    """

    def __init__(
        self,
        storage: Storage,
        channel: Channel,
        renderer: Renderer,
        clock: Callable[[], datetime],
        *,
        busy: Callable[[], bool] = lambda: False,
        pauses: Sequence[timedelta] = ATTEMPTS,
        calls: bool = False,
    ) -> None:
        super().__init__(capacity=1, batch=1)
        self._storage = storage
        self._channel = channel
        self._clock = clock
        self._busy = busy
        self._calls = calls
        self._noun = "call" if calls else "mail"
        self._relay = Circuit()
        self._delivery = Delivery(channel, renderer, self._relay, clock, pauses)
        self._under_way: dict[asyncio.Task[None], Begun] = {}
        self._unsettled: list[Settle] = []
        self._enough = asyncio.Event()
        self._next_look = 0.0
        self._stopping = False

    @property
    def fault(self) -> str | None:
        """Why no mail can leave at the moment; None when it can."""
        return self._relay.reason

    def poke(self) -> None:
        """Look soon what is due, unless that is about to happen anyway."""
        with suppress(MailboxFull):
            self.tell(None)

    async def run(self) -> None:
        """Work until stopped; then give back what was not begun."""
        await super().run()
        await self._settle_and(Release(self._storage.owner, self._calls))
        await self._channel.close()

    async def stop(self) -> None:
        """Begin nothing more, let what is under way finish, and end `run`."""
        self._stopping = True
        if self._under_way:
            await asyncio.wait(tuple(self._under_way), timeout=FAREWELL)
        self.close()

    async def handle(self, letters: Sequence[None]) -> None:
        """Settle what ended, and begin what is due.

        One at each turn of the event loop: to render a mail takes most of a millisecond, and
        requests wait no longer than for one.
        """
        self._next_look = asyncio.get_running_loop().time() + GATHER
        self._enough.clear()
        limit = max(self._places(), 0)
        if not limit and not self._unsettled:
            return
        claim = self._claim(limit)
        claimed = await self._settle_and(claim) or ()
        for due in claimed:
            if self._stopping:
                return
            self._begin(due)
            await asyncio.sleep(0)
        if len(claimed) == claim.limit < limit:
            self.poke()  # another webhook may wait

    async def _gather(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._next_look):
                await self._enough.wait()

    def _places(self) -> int:
        """How many mails may begin: while bookings wait one at a time, besides those that hang."""
        if self._stopping:
            return 0
        begun = [one.at for one in self._under_way.values()]
        places = AT_ONCE - len(begun)
        if self._busy():
            lately = asyncio.get_running_loop().time() - HANGS
            places = min(places, 1 - sum(moment > lately for moment in begun))
        return self._relay.allows(places, begun)

    def _claim(self, limit: int) -> Claim:
        """What to ask for when so many may begin: of calls only some, so that all get a share."""
        owner, now = self._storage.owner, self._clock()
        if not self._calls:
            return Claim(owner, limit, now)
        under_way = Counter(one.recipient for one in self._under_way.values())
        served = [webhook for webhook, count in under_way.items() if count >= SHARE]
        return Claim(owner, min(limit, SHARE), now, calls=True, without=served)

    async def _settle_and(self, last: Write[Any]) -> Any:
        """Settle what ended and carry out `last`; answer its result, None if it failed.

        What cannot be settled because storage is out of reach is kept for the next time.
        """
        settles = tuple(self._unsettled)
        *outcomes, result = await self._storage.commit([*settles, last])
        for settle, outcome in zip(settles, outcomes, strict=True):
            if not isinstance(outcome, Unavailable):
                self._unsettled.remove(settle)
            if isinstance(outcome, StorageError):
                log.error("cannot settle", extra={"messageId": settle.message.id})
        if isinstance(result, StorageError):
            log.warning("outbox out of reach", extra={"reason": str(result)})
            return None
        return result

    def _begin(self, due: Due) -> None:
        task = asyncio.create_task(self._deliver(due), name=f"{self._noun} {due.message.id}")
        at = asyncio.get_running_loop().time()
        self._under_way[task] = Begun(at, due.message.recipient)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._under_way[task]
        if len(self._unsettled) >= ENOUGH:
            self._enough.set()
        self.poke()

    async def _deliver(self, due: Due) -> None:
        message = due.message
        settle = await self._delivery.attempt(due)
        self._unsettled.append(settle)
        log.log(
            logging.INFO if settle.error is None else logging.WARNING,
            "%s %s",
            self._noun,
            settle.state,
            extra={
                "messageId": message.id,
                "bookingId": message.booking_id,
                "kind": message.kind,
                "audience": message.audience,
                "attempt": message.attempts,
            },
        )
