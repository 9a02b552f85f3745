"""Where hits are counted, by the `limits` library: here, or in a server that daemons share."""

import logging
import time
from array import array
from collections.abc import Callable
from typing import Any

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import MovingWindowRateLimiter

log = logging.getLogger(__name__)

MOST_SUBJECTS = 20_000
"""Subjects that are remembered here; beyond, the one not seen for longest is forgotten."""

PATIENCE = 0.25
"""Seconds that the shared server gets for an answer."""

RETRY_AFTER = 5.0
"""Seconds for which a server that was out of reach is not asked again."""

CONNECTIONS = 20


class Window:
    """How often each subject may do a thing, in a window that moves with the clock."""

    def __init__(self, name: str, rate: str, counts: "Counts") -> None:
        self.name = name
        self.item: RateLimitItem = parse(rate)
        self._counts = counts

    async def hit(self, subject: str) -> bool:
        """Count one, unless there have been enough."""
        return bool(await self._counts.ask("hit", self.item, self.name, subject))

    async def open(self, subject: str) -> bool:
        """Whether one more would be counted."""
        return bool(await self._counts.ask("test", self.item, self.name, subject))

    async def left(self, subject: str) -> tuple[int, float]:
        """How many are left, and for how many seconds."""
        reset_at, left = await self._counts.ask("get_window_stats", self.item, self.name, subject)
        return left, reset_at - time.time()


class Counts:
    """Counts in the server that `url` names; here, when there is none or it is out of reach."""

    def __init__(self, url: str | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._here = MovingWindowRateLimiter(Memory(clock))
        self._shared = _Shared(url) if url else None
        self._clock = clock
        self._ask_again = 0.0

    async def ask(self, verb: str, *what: Any) -> Any:
        """Answer of the library's strategy; a server that is gone makes nobody wait or fail."""
        if self._shared and self._clock() >= self._ask_again:
            try:
                found = await getattr(self._shared.strategy, verb)(*what)
            except self._shared.faults as error:
                self._ask_again = self._clock() + RETRY_AFTER
                log.warning("limits are counted here alone", extra={"reason": str(error)})
            else:
                return found
        return await getattr(self._here, verb)(*what)

    async def close(self) -> None:
        """Let go of the server."""
        if self._shared:
            await self._shared.pool.disconnect()


class Memory(MemoryStorage):
    """Moving windows in this process.

    The library's own keeps a list of every address that it ever saw, and goes through all of
    them, in threads, for as long as requests come.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._hits: dict[str, array[float]] = {}
        self._longest = 0

    def __len__(self) -> int:
        """How many subjects are remembered."""
        return len(self._hits)

    async def acquire_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        now = self._clock()
        hits = self._recent(key, now - expiry)
        if len(hits) + amount > limit:
            return False
        self._hits.pop(key, None)
        hits.extend([now] * amount)
        self._hits[key] = hits  # who came last stands last
        self._longest = max(self._longest, expiry)
        self._forget(now)
        return True

    async def get_moving_window(self, key: str, limit: int, expiry: int) -> tuple[float, int]:
        now = self._clock()
        hits = self._recent(key, now - expiry)
        return time.time() - (now - hits[0] if hits else 0), len(hits)

    def _recent(self, key: str, since: float) -> "array[float]":
        """The hits since then, oldest first."""
        hits = self._hits.get(key)
        if hits is None:
            return array("d")
        gone = 0
        while gone < len(hits) and hits[gone] <= since:
            gone += 1
        del hits[:gone]
        return hits

    def _forget(self, now: float) -> None:
        """Drop who has not come for long, and who is one too many."""
        while True:
            key = next(iter(self._hits))
            hits = self._hits[key]
            if len(self._hits) <= MOST_SUBJECTS and hits and hits[-1] > now - self._longest:
                return
            del self._hits[key]


class _Shared:
    """A Redis or a Valkey; they speak alike."""

    def __init__(self, url: str) -> None:
        from redis.asyncio import BlockingConnectionPool
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import RedisError

        self.faults = (RedisError, OSError, TimeoutError)
        self.pool = BlockingConnectionPool.from_url(
            url.replace("valkey", "redis", 1),
            max_connections=CONNECTIONS,
            timeout=PATIENCE,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            retry=Retry(NoBackoff(), 1),  # a connection may have died while it lay in the pool
        )
        storage = RedisStorage(
            "async+redis://",
            implementation="redispy",
            key_prefix="bookingd",
            connection_pool=self.pool,  # type: ignore[arg-type]
        )
        self.strategy = MovingWindowRateLimiter(storage)
