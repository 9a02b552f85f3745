"""The list of bookings as SQL, for both databases."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from storage.erasure import ERASED_EMAIL
from storage.ids import is_id
from storage.interface import BookingFilter, Position, Sort
from storage.model import BookingStatus

_MANY = {BookingStatus.CONFIRMED, BookingStatus.COMPLETED}

ALIKE = ("İΣς", "iσσ")  # noqa: RUF001 - the sigmas are meant
"""Letters, and what each is looked for as: the only ones whose small letter depends on the database
(Unicode, SpecialCasing.txt). All others have one for each, and are compared by it."""

_PERSON = """({now}
    OR id IN (SELECT booking_id FROM events WHERE {once})
    OR id IN (SELECT booking_id FROM messages WHERE audience = 'customer' AND {mailed}))"""


class Listing:
    """A query with `?` for each of its `parameters`.

    `contains` is how the database asks whether the text `{0}` holds `?` without regard to case, and
    `address` how it writes the address `{0}` to compare it: in small letters, of ASCII alone.
    `instant` makes of a datetime what the driver takes for one.
    """

    def __init__(
        self,
        which: BookingFilter,
        *,
        contains: str,
        address: str,
        instant: Callable[[datetime], Any],
    ) -> None:
        self.parameters: list[Any] = []
        self._conditions: list[str] = []
        self._which = which
        self._contains = contains
        self._address = address.format
        self._instant = instant

    def count(self) -> str:
        """How many there are."""
        self._filter(self._which, by_status=True)
        return f"SELECT count(*) FROM bookings {self._conditions_sql()}"

    def page(self, sort: Sort, limit: int, offset: int, after: Position | None) -> str:
        """One page of them."""
        which = _behind(self._which, sort, after) if after else self._which
        self._filter(which, by_status=sort.column == "start_time")
        # Ids sort by the time of their making, so that order needs no index of its own.
        columns = ["id"] if sort.column == "created_at" else [sort.column, "id"]
        direction, beyond = ("DESC", "<") if sort.startswith("-") else ("ASC", ">")
        if after is not None:
            position = [self._instant(after.at), after.id][-len(columns) :]
            marks = ", ".join("?" * len(columns))
            self._where(f"({', '.join(columns)}) {beyond} ({marks})", *position)
        order = ", ".join(f"{column} {direction}" for column in columns)
        self.parameters += [limit, offset]
        return f"SELECT * FROM bookings {self._conditions_sql()} ORDER BY {order} LIMIT ? OFFSET ?"

    def _filter(self, which: BookingFilter, *, by_status: bool) -> None:
        """The conditions.

        In another order than that of the index `by_status`, the completed bookings, most of a
        long list, are not looked up by their status: all of them would have to be sorted.
        """
        if which.statuses is not None:
            marks = ", ".join("?" * len(which.statuses))
            self._where(f"status IN ({marks})" if marks else "false", *sorted(which.statuses))
            many = {BookingStatus.CONFIRMED} if by_status else _MANY
            if not many & set(which.statuses):
                self._where("status <> 'CONFIRMED'")  # so that the index by status fits
        self._where_id("service_id", which.service_id)
        self._where_id("resource_id", which.resource_id)
        if which.email is not None:
            self._where(self._is("email"), which.email)
        self._where_instant("start_time >= ?", which.date_from)
        self._where_instant("start_time < ?", which.date_to)
        self._where_instant("updated_at >= ?", which.updated_since)
        if which.person is not None:
            by_address = {
                "now": self._is("email"),
                "once": self._is("booking ->> 'email'"),
                "mailed": self._is("recipient"),
            }
            self._where(_PERSON.format(**by_address), *[which.person] * len(by_address))
        if which.erased is not None:
            self._where(f"email {'=' if which.erased else '<>'} ?", ERASED_EMAIL)
        if which.q is not None:
            texts = [self._contains.format(name) for name in ("name", "company", "email")]
            self._where(f"({' OR '.join(texts)})", *[which.q] * len(texts))

    def _is(self, name: str) -> str:
        return f"{self._address(name)} = {self._address('?')}"

    def _where(self, condition: str, *parameters: Any) -> None:
        self._conditions.append(condition)
        self.parameters += parameters

    def _where_id(self, column: str, value: str | None) -> None:
        if value is not None and is_id(value):
            self._where(f"{column} = ?", value)
        elif value is not None:
            self._where("false")

    def _where_instant(self, condition: str, value: datetime | None) -> None:
        if value is not None:
            self._where(condition, self._instant(value))

    def _conditions_sql(self) -> str:
        return f"WHERE {' AND '.join(self._conditions)}" if self._conditions else ""


def _behind(which: BookingFilter, sort: Sort, after: Position) -> BookingFilter:
    """The filter with its bound on the sorted column moved up to where the page begins.

    Of two bounds on a column SQLite takes one to seek by, and not always the nearer.
    """
    if sort is Sort.START and which.date_from is not None:
        return replace(which, date_from=max(which.date_from, after.at))
    if sort is Sort.START_DOWN and which.date_to is not None:
        return replace(which, date_to=min(which.date_to, after.at + timedelta(microseconds=1)))
    if sort is Sort.UPDATED and which.updated_since is not None:
        return replace(which, updated_since=max(which.updated_since, after.at))
    return which
