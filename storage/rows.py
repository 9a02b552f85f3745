"""Between records and rows: one column for each field, under the field's name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import orjson

from storage.errors import KeyReused
from storage.model import (
    ApiKey,
    Booking,
    Closure,
    Due,
    Event,
    Hold,
    KeptKey,
    Message,
    Outbox,
    Question,
    QuestionType,
    Resource,
    Service,
    Webhook,
)

Record = TypeVar("Record")
Convert = Callable[[Any], Any]


def text(instant: datetime) -> str:
    """An instant in UTC as text, in the very form that it has in `as_json`.

    Texts sort as their instants do: where one has a fraction of a second and the other none, a
    point meets a plus sign, which sorts before it.
    """
    return instant.isoformat()


def as_json(value: object) -> str:
    """A record, or many, as JSON text: field names, RFC 3339 instants, nested records."""
    return orjson.dumps(value).decode()


def as_lists(records: Sequence[object]) -> str:
    """Records of one kind as JSON text: of each the list of its columns, in their order.

    SQLite reads lists in two thirds of the time that it takes for objects.
    """
    values = _SHAPES[type(records[0])].values if records else None
    return orjson.dumps(list(map(values, records)) if values else []).decode()


def columns(kind: type[Any]) -> tuple[str, ...]:
    """The names of the record's columns, in order."""
    return _SHAPES[kind].columns


def read(kind: type[Record], row: Mapping[str, Any]) -> Record:
    """A record from a row of either database."""
    shape = _SHAPES[kind]
    found = {name: row[name] for name in shape.columns}
    for name, convert in shape.decoders:
        if found[name] is not None:
            found[name] = convert(found[name])
    return kind(**found)


def read_due(row: Mapping[str, Any]) -> Due:
    """A message from a row that also has what its event knows, if there is one."""
    message, about = read(Message, row), row["booking"]
    if about is None:
        return Due(message, None)
    detail = _mapping(row["detail"])
    return Due(message, _booking(about), row["service"], row["resource"], detail)


def read_placed(rows: Iterable[Mapping[str, Any]]) -> dict[str, Booking | KeyReused]:
    """By the id of the booking that now asks: what its idempotency key has placed before."""
    return {
        str(row["asked"]): _booking(row["booking"]) if row["same"] else KeyReused() for row in rows
    }


def placed_before(rows: Iterable[Mapping[str, Any]]) -> Booking | None:
    """The same for one that asks, if it has placed any. Raises `KeyReused`."""
    for placed in read_placed(rows).values():
        if isinstance(placed, KeyReused):
            raise placed
        return placed
    return None


def microseconds(instant: datetime) -> int:
    """An instant as microseconds since 1970."""
    return (instant - _1970) // timedelta(microseconds=1)


_1970 = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Shape:
    """A record's columns, what takes their values, and which of them need converting."""

    columns: tuple[str, ...]
    values: Callable[[Any], tuple[Any, ...]]
    decoders: tuple[tuple[str, Convert], ...]


def _shape(kind: type[Any]) -> _Shape:
    hints = get_type_hints(kind)
    types = {field.name: _bare(hints[field.name]) for field in fields(kind)}
    return _Shape(
        columns=tuple(types),
        values=attrgetter(*types),
        decoders=tuple(
            (name, _decoder(type_)) for name, type_ in types.items() if type_ not in {str, int}
        ),
    )


def _bare(hint: Any) -> Any:
    """The type without the trimmings: `str | None` is str, `Mapping[str, str]` is Mapping.

    A tuple of records keeps them, because they have to be read as well.
    """
    given = [part for part in get_args(hint) if part is not NoneType]
    if NoneType in get_args(hint):
        return _bare(given[0])
    return hint if hint in _DECODE else get_origin(hint) or hint


def _decoder(type_: Any) -> Convert:
    return type_ if issubclass(type_, StrEnum) else _DECODE[type_]


def _instant(value: str | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _mapping(value: str | dict[str, Any]) -> dict[str, Any]:
    return value if isinstance(value, dict) else orjson.loads(value)


def _items(value: str | list[Any]) -> tuple[Any, ...]:
    return tuple(orjson.loads(value) if isinstance(value, str) else value)


def _booking(value: str | dict[str, Any]) -> Booking:
    return read(Booking, _mapping(value))


def _hours(value: str | dict[str, Any]) -> dict[str, tuple[str, ...]]:
    return {weekday: tuple(intervals) for weekday, intervals in _mapping(value).items()}


def _question(value: dict[str, Any]) -> Question:
    known = value | {"type": QuestionType(value["type"]), "choices": tuple(value["choices"])}
    return Question(**known)


def _closure(value: dict[str, Any]) -> Closure:
    days = {name: date.fromisoformat(value[name]) for name in ("first", "last")}
    return Closure(**value | days | {"hours": tuple(value["hours"])})


_DECODE: dict[Any, Convert] = {
    datetime: _instant,
    bool: bool,
    Mapping: _mapping,
    Mapping[str, tuple[str, ...]]: _hours,
    tuple: _items,
    tuple[Question, ...]: lambda value: tuple(map(_question, _items(value))),
    tuple[Closure, ...]: lambda value: tuple(map(_closure, _items(value))),
    Booking: _booking,
}
_SHAPES: dict[Any, _Shape] = {
    kind: _shape(kind)
    for kind in (
        Booking,
        Event,
        Hold,
        KeptKey,
        Message,
        Outbox,
        Service,
        Resource,
        ApiKey,
        Webhook,
    )
}

CHANGED_COLUMNS = tuple(
    name for name in columns(Booking) if name not in {"id", "confirmation_sent", "reminder_sent"}
)
"""What a change of a booking writes; the rest is for others to write."""
