"""Between records and rows: one column for each field, under the field's name."""

from collections.abc import Callable, Mapping
from dataclasses import fields
from datetime import datetime
from enum import StrEnum
from functools import cache
from operator import attrgetter
from types import NoneType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import orjson

from storage.model import Booking

Record = TypeVar("Record")
Convert = Callable[[Any], Any]


@cache
def columns(record: type) -> tuple[str, ...]:
    """The names of the record's columns, in order."""
    return tuple(field.name for field in fields(record))


def text(instant: datetime) -> str:
    """An instant in UTC as text of one width, so that texts sort as their instants do."""
    return instant.isoformat(timespec="microseconds")


def as_json(value: object) -> str:
    """A record, or many, as JSON text: field names, RFC 3339 instants, nested records."""
    return orjson.dumps(value).decode()


def values(record: object) -> list[Any]:
    """The record as values for SQLite, in the order of `columns`."""
    kind = type(record)
    found = list(attrgetter(*columns(kind))(record))
    for index, convert in _encoders(kind):
        if found[index] is not None:
            found[index] = convert(found[index])
    return found


def read(kind: type[Record], row: Mapping[str, Any]) -> Record:
    """A record from a row of either database."""
    found = {name: row[name] for name in columns(kind)}
    for name, convert in _decoders(kind):
        if found[name] is not None:
            found[name] = convert(found[name])
    return kind(**found)


@cache
def _encoders(kind: type) -> tuple[tuple[int, Convert], ...]:
    types = _types(kind)
    return tuple(
        (index, _ENCODE[types[name]])
        for index, name in enumerate(columns(kind))
        if types[name] in _ENCODE
    )


@cache
def _decoders(kind: type) -> tuple[tuple[str, Convert], ...]:
    return tuple(
        (name, _decoder(type_)) for name, type_ in _types(kind).items() if type_ not in (str, int)
    )


def _types(kind: type) -> dict[str, type]:
    """The bare type of each field: `str | None` is str, `Mapping[str, str]` is Mapping."""
    return {name: _bare(hint) for name, hint in get_type_hints(kind).items() if name in columns(kind)}


def _bare(hint: Any) -> type:
    given = [part for part in get_args(hint) if part is not NoneType]
    if NoneType in get_args(hint):
        return _bare(given[0])
    return get_origin(hint) or hint


def _decoder(type_: type) -> Convert:
    if issubclass(type_, StrEnum):
        return type_
    return _DECODE[type_]


def _instant(value: str | datetime) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(value)


def _booking(value: str) -> Booking:
    return read(Booking, orjson.loads(value))


_ENCODE: dict[type, Convert] = {datetime: text, Mapping: as_json, Booking: as_json}
_DECODE: dict[type, Convert] = {
    datetime: _instant,
    bool: bool,
    Mapping: lambda value: value if isinstance(value, dict) else orjson.loads(value),
    Booking: _booking,
}
