"""The circuit: while the relay cannot be used, mails are kept back."""

import asyncio
import logging
from collections.abc import Collection

from schedules.channels import Unreachable
from schedules.retry import Backoff

log = logging.getLogger(__name__)


class Circuit:
    """Open after a fault, for a pause; then one mail at a time may try, until one arrives.

    `reason` says why it was opened, until a mail arrives.
    """

    def __init__(self) -> None:
        self.reason: str | None = None
        self._backoff = Backoff(first=1.0, longest=30.0)
        self._pause = 0.0
        self._open_until = 0.0

    def allows(self, places: int, under_way: Collection[float] = ()) -> int:
        """How many mails may begin, where there would be so many `places`.

        `under_way` is when the others began, by the event loop's clock: one that hangs since
        before the fault keeps nobody from trying.
        """
        if asyncio.get_running_loop().time() < self._open_until:
            return 0
        if self.reason is None:
            return places
        return min(places, 1 - sum(begun >= self._open_until for begun in under_way))

    def fault(self, error: Unreachable) -> float:
        """The relay could not be used. Answers for how many seconds nothing is tried.

        Faults of mails that began together count as one.
        """
        now = asyncio.get_running_loop().time()
        if now >= self._open_until:
            self._pause = self._backoff.fault()
            self._open_until = now + self._pause
            self.reason = error.summary
            log.error("mail relay unreachable; mails wait", extra={"reason": error.summary})
        return self._pause

    def works(self) -> None:
        """The relay answered."""
        if self.reason is not None:
            log.info("mail relay reachable again")
        self.reason = None
        self._backoff.reset()
