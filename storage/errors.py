"""What storage says when it cannot do as asked. The default text of each is its docstring."""

import inspect


class StorageError(Exception):
    """Storage could not do this."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or inspect.getdoc(type(self)))


class SlotTaken(StorageError):
    """Another booking or a hold has this resource at this time."""


class CapReached(StorageError):
    """No more bookings of this service are taken on this day, or in this week."""


class HoldExpired(StorageError):
    """There is no such hold of this slot any more."""


class TooManyHolds(StorageError):
    """From this address no more slots can be held at once."""


class KeyReused(StorageError):
    """The idempotency key belongs to another request."""


class NotFound(StorageError):
    """No record has this id."""


class StaleVersion(StorageError):
    """The record was changed by somebody else in the meantime."""


class NotRetryable(StorageError):
    """Only what is dead, or waits for another attempt, and is still owed can be sent again."""


class Unavailable(StorageError):
    """The database cannot be reached or cannot write at the moment; try again."""


class AlreadyRunning(StorageError):
    """Another bookingd has this database open."""


class NewerSchema(StorageError):
    """The database was made by a newer bookingd; this one will not touch it."""


class NoDatabase(StorageError):
    """There is no database here."""


class BadAddress(StorageError):
    """The database URL cannot be used."""
