"""Making what is kept as a file describes it: what has to be created and changed. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic

from bookingd.catalogue import MOST_CLOSURES, NotOffered, Offer, Record, created, edited
from storage.ids import new_id
from storage.model import Closure, Resource, Service
from storage.writes import SaveResource, SaveService, Write

FRESH = frozenset({"00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"})
"""The ids of the service and the resource that a new database begins with."""

_ITS_OWN = frozenset({"archived_at", "closures", "version"})
"""What a record has by default and a file does not set back to that."""


Path = tuple[str, ...]
"""The way to a value of the file, such as `("services", "0", "name")`."""


class Outcome(StrEnum):
    """What a file makes of a record."""

    CREATED = "created"
    CHANGED = "changed"
    ARCHIVED = "archived"
    UNCHANGED = "unchanged"


class NotClear(Exception):
    """The file and what is kept do not go together; `wrong` says by path why."""

    def __init__(self, wrong: dict[Path, str]) -> None:
        super().__init__("the file and what is kept do not go together")
        self.wrong = wrong


@dataclass(frozen=True, slots=True)
class Step(Generic[Record]):
    """A record as it is to be, and as it was, if it was."""

    before: Record | None
    after: Record

    @property
    def changes(self) -> bool:
        """Whether there is something to write."""
        return self.before is not self.after

    @property
    def outcome(self) -> Outcome:
        """What becomes of it."""
        if self.before is None:
            return Outcome.CREATED
        if not self.changes:
            return Outcome.UNCHANGED
        return Outcome.ARCHIVED if self.after.archived_at else Outcome.CHANGED


@dataclass(frozen=True, slots=True)
class Plan:
    """All that a file makes of what is kept."""

    services: Sequence[Step[Service]]
    resources: Sequence[Step[Resource]]

    @property
    def steps(self) -> Sequence[Step[Any]]:
        """All of them, in order."""
        return [*self.services, *self.resources]

    def writes(self) -> list[Write[None]]:
        """What carries it out."""
        return [
            *(SaveService(step.after) for step in self.services if step.changes),
            *(SaveResource(step.after) for step in self.resources if step.changes),
        ]


def plan(business: Mapping[str, Any], offer: Offer, now: datetime) -> Plan:
    """What `business` makes of the offer.

    Records are known by their names. What the file does not say of one is as if it were new; but
    closures stay, and so do records that it does not name, except those of a new database that
    nobody has touched, where it brings its own. Raises `NotClear`.
    """
    services = [
        _step(Service, entry, _named(offer.services, entry, ("services", str(index))), now)
        for index, entry in enumerate(business["services"])
    ]
    ids = _bookable([*offer.services.values(), *(step.after for step in services)])
    resources = [
        _resource(entry, ("resources", str(index)), ids, offer, now)
        for index, entry in enumerate(business["resources"])
    ]
    after = {**offer.resources, **{step.after.id: step.after for step in resources}}
    offered = {service_id for resource in after.values() for service_id in resource.service_ids}
    return Plan(
        [*services, *_left_behind(services, offer.services, offered, now)],
        [*resources, *_left_behind(resources, offer.resources, (), now)],
    )


def _resource(
    entry: Mapping[str, Any], path: Path, ids: Mapping[str, str], offer: Offer, now: datetime
) -> Step[Resource]:
    before = _named(offer.resources, entry, path)
    details = dict(entry)
    details["service_ids"] = _ids(details.pop("services"), ids, (*path, "services"))
    details["closures"] = _closures(before.closures if before else (), entry["closures"], now)
    try:
        offer.check({"holidays": details.get("holidays")})
    except NotOffered as error:
        raise NotClear({(*path, error.field): str(error)}) from error
    if len(details["closures"]) > MOST_CLOSURES:
        raise NotClear({(*path, "closures"): f"There would be more than {MOST_CLOSURES}."})
    return _step(Resource, details, before, now)


def _step(
    kind: type[Record], details: Mapping[str, Any], before: Record | None, now: datetime
) -> Step[Record]:
    if before is None:
        return Step(None, created(kind, details, now))
    return Step(before, edited(before, {**_defaults(kind), **details, "archived": False}, now))


def _named(records: Mapping[str, Record], entry: Mapping[str, Any], path: Path) -> Record | None:
    """The record of the entry's name, one in the archive only where there is no other."""
    same = [one for one in records.values() if one.name == entry["name"]]
    found = [one for one in same if one.archived_at is None] or same
    if len(found) > 1:
        why = f"There are {len(found)} of this name; rename all but one."
        raise NotClear({(*path, "name"): why})
    return found[0] if found else None


def _defaults(kind: type[Record]) -> dict[str, Any]:
    return {
        field.name: field.default
        for field in fields(kind)
        if field.default is not MISSING and field.name not in _ITS_OWN
    }


def _bookable(services: Iterable[Service]) -> dict[str, str]:
    """By name, the ids of services that can be booked."""
    return {service.name: service.id for service in services if service.archived_at is None}


def _ids(names: Sequence[str], ids: Mapping[str, str], path: Path) -> tuple[str, ...]:
    wrong = {
        (*path, str(index)): f"There is no service called {name}."
        for index, name in enumerate(names)
        if name not in ids
    }
    if wrong:
        raise NotClear(wrong)
    return tuple(ids[name] for name in names)


def _closures(
    kept: Iterable[Closure], described: Iterable[Mapping[str, Any]], now: datetime
) -> tuple[Closure, ...]:
    """Those that are kept, and what the file says of the same days or of others."""
    closures = list(kept)
    for details in described:
        plain = {"hours": (), "reason": None, **details}
        days = [(one.first, one.last) for one in closures]
        if (plain["first"], plain["last"]) in days:
            index = days.index((plain["first"], plain["last"]))
            closures[index] = replace(closures[index], **plain)
        else:
            closures.append(Closure(id=new_id(now), **plain))
    return tuple(closures)


def _left_behind(
    steps: Sequence[Step[Record]],
    kept: Mapping[str, Record],
    needed: Iterable[str],
    now: datetime,
) -> Iterator[Step[Record]]:
    """What a new database began with goes into the archive, where there is something instead."""
    named = {step.after.id for step in steps} | set(needed)
    for record in kept.values() if steps else ():
        untouched = record.id in FRESH and record.version == 1
        if untouched and record.archived_at is None and record.id not in named:
            yield Step(record, edited(record, {"archived": True}, now))
