"""What is kept for a time, and then no longer."""

from datetime import datetime, timedelta

from storage.errors import StorageError
from storage.interface import Storage
from storage.writes import ForgetKeys

KEPT = timedelta(hours=24)
"""How long the same request with the same Idempotency-Key is answered as the first was."""


async def forget_keys(storage: Storage, now: datetime) -> int:
    """Forget the idempotency keys whose time is over; answer how many. Raises `StorageError`."""
    [outcome] = await storage.commit([ForgetKeys(now - KEPT)])
    if isinstance(outcome, StorageError):
        raise outcome
    forgotten: int = outcome
    return forgotten
