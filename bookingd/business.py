"""A business in one file: its services and resources in TOML, under the names of the API."""

import tomllib
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from marshmallow import Schema, ValidationError, fields, post_load

from bookingd.api.parser import leaves
from bookingd.api.schemas.catalogue import NewClosure, NewResource, NewService
from bookingd.api.schemas.fields import Distinct, Text
from bookingd.setup import Path


class BadFile(Exception):
    """The file cannot be used; by line, what is wrong. Line 0 is the whole file."""

    def __init__(self, faults: Sequence[tuple[int, str]]) -> None:
        super().__init__("the file cannot be used")
        self.faults = faults


class _Resource(NewResource):
    """A resource, its services by name, and its closures."""

    services = Distinct(Text(200), most=200, load_default=())
    closures = fields.List(fields.Nested(NewClosure), load_default=())

    class Meta:
        """Ids are not for people."""

        exclude = ("service_ids",)


class Business(Schema):
    """The whole file."""

    services = fields.List(fields.Nested(NewService), load_default=())
    resources = fields.List(fields.Nested(_Resource), load_default=())

    @post_load
    def _names_once(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        wrong = {
            noun: {index: {"name": ["Stands here twice."]} for index in _repeated(data[noun])}
            for noun in data
        }
        if any(wrong.values()):
            raise ValidationError(wrong)
        return data


def read(text: str) -> dict[str, Any]:
    """What a file says, as the API's schemas read it. Raises `BadFile`."""
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise BadFile([(0, f"{error}.")]) from error
    try:
        business: dict[str, Any] = Business().load(_as_json(found))
    except ValidationError as error:
        raise refusal(text, dict(leaves(error.messages))) from error
    return business


def refusal(text: str, wrong: dict[Path, str]) -> BadFile:
    """The refusal of a file for what is wrong at these paths, in the order of its lines."""
    lines = _lines(text, wrong)
    told = [(lines[path], f"{_name(path)}: {why}") for path, why in wrong.items()]
    return BadFile(sorted(told))


def _repeated(entries: Sequence[dict[str, Any]]) -> Iterator[int]:
    names = [entry["name"] for entry in entries]
    return (index for index, name in enumerate(names) if name in names[:index])


def _as_json(value: Any) -> Any:
    """Days of TOML as the texts that they are in JSON."""
    match value:
        case dict():
            return {name: _as_json(inner) for name, inner in value.items()}
        case list():
            return [_as_json(inner) for inner in value]
        case date():
            return value.isoformat()
    return value


def _name(path: Path) -> str:
    """A path for people, who see the entry by its line."""
    inside = path[2:] if len(path) > 2 else path[-1:]  # noqa: PLR2004 - services, 0, name
    return ".".join(inside)


def _lines(text: str, paths: Iterable[Path]) -> dict[Path, int]:
    """For each path the line on which what it leads to begins, or the nearest that leads there.

    That is the line behind the longest beginning of the file that is TOML and does without it.
    """
    lines = text.replace("\r\n", "\n").split("\n")
    found = dict.fromkeys(paths, 1)
    beginnings = list(_beginnings(lines))
    _, whole = beginnings[-1]
    for path in found:
        depth = max(steps for steps in range(len(path) + 1) if _leads(whole, path[:steps]))
        without = [count for count, known in beginnings if not _leads(known, path[:depth])]
        found[path] = without[-1] + 1 if without else 1
    return found


def _beginnings(lines: Sequence[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The beginnings of a file that are TOML: how many lines, and what they say."""
    for count in range(len(lines) + 1):
        try:
            yield count, tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            continue


def _leads(known: Any, path: Path) -> bool:
    """Whether a path leads to something."""
    for step in path:
        if isinstance(known, dict) and step in known:
            known = known[step]
        elif isinstance(known, list) and step.isdecimal() and int(step) < len(known):
            known = known[int(step)]
        else:
            return False
    return True
