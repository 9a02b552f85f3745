"""What can be booked, and with whom."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, TypeVar

from bookingd.availability.holiday import are_known
from bookingd.fresh import Fresh
from storage.ids import new_id
from storage.interface import Storage
from storage.model import Closure, Resource, Service

UNNAMED = "Appointment"
"""What the service of a fresh installation is called, until somebody knows better."""

MOST_CLOSURES = 500
"""That a resource may have. All of them are read with it."""

Record = TypeVar("Record", Service, Resource)


class NotOffered(Exception):
    """What a request names cannot be booked; `field` is the one to mend."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(why)
        self.field = field


@dataclass(frozen=True, slots=True)
class Offer:
    """Services and resources by id, oldest first, the archived ones among them."""

    services: Mapping[str, Service]
    resources: Mapping[str, Resource]

    def choose(
        self, service_id: str | None, resource_id: str | None
    ) -> tuple[Service, Sequence[Resource]]:
        """What a new booking is of: the service named, or else the only one there is.

        And with whom: the resource named, or else any that offers it. Raises `NotOffered`.
        """
        service = _open(self.services, service_id, "serviceId") if service_id else None
        resource = _open(self.resources, resource_id, "resourceId") if resource_id else None
        if service is None:
            service = _only(self._services_of(resource), "serviceId")
        if resource is None:
            return service, _any(self._resources_for(service), "resourceId")
        if not resource.offers(service):
            raise NotOffered("resourceId", "Does not offer this service.")
        return service, [resource]

    def service(self, service_id: str) -> Service:
        """The service of a booking, archived or not. Raises `NotOffered`."""
        return _known(self.services, service_id, "serviceId")

    def names(self, service_id: str, resource_id: str) -> tuple[str | None, str | None]:
        """What a mail calls service and resource; None where it would tell nobody anything.

        That is a service that is the only one and was given no name, and a resource that is the
        only one to be had for it.
        """
        service, resource = self.services.get(service_id), self.resources.get(resource_id)
        if service is None or resource is None:
            return None, None
        if _several(self._resources_for(service)):
            return service.name, resource.name
        named = service.name != UNNAMED or _several(self.services.values())
        return service.name if named else None, None

    def check(self, details: Mapping[str, Any]) -> None:
        """A resource offers services that exist, and closes on holidays that are known.

        The first holidays take a while to load. Raises `NotOffered`.
        """
        for index, service_id in enumerate(details.get("service_ids", ())):
            _known(self.services, service_id, f"serviceIds.{index}")
        if (region := details.get("holidays")) and not are_known(region):
            why = "Must be a country, or a part of it, whose holidays are known."
            raise NotOffered("holidays", why)

    def _services_of(self, resource: Resource | None) -> Iterable[Service]:
        return (one for one in self.services.values() if resource is None or resource.offers(one))

    def _resources_for(self, service: Service) -> Iterable[Resource]:
        return (one for one in self.resources.values() if one.offers(service))


NOTHING = Offer({}, {})


class Catalogue(Fresh[Offer]):
    """The offer, as it is kept."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(self._read)
        self._storage = storage
        self._met: set[str] = set()

    async def _read(self) -> Offer:
        services = await self._storage.services()
        resources = await self._storage.resources()
        await self._meet({one.holidays for one in resources if one.holidays})
        return Offer(
            {service.id: service for service in services},
            {resource.id: resource for resource in resources},
        )

    async def _meet(self, holidays: set[str]) -> None:
        """Have the holidays loaded beside the loop, before somebody asks for them within it."""
        for region in sorted(holidays - self._met):
            await asyncio.to_thread(are_known, region)
            self._met.add(region)


def created(kind: type[Record], details: Mapping[str, Any], now: datetime) -> Record:
    """A new service or resource."""
    return kind(id=new_id(now), **details, created_at=now, updated_at=now)


def edited(record: Record, details: Mapping[str, Any], now: datetime) -> Record:
    """The record with these details, one version on; itself if nothing changes.

    `archived` among them puts it into the archive, or takes it out.
    """
    values = dict(details)
    archived = values.pop("archived", None)
    if archived is not None and archived != (record.archived_at is not None):
        values["archived_at"] = now if archived else None
    if all(getattr(record, name) == value for name, value in values.items()):
        return record
    return replace(record, **values, version=record.version + 1, updated_at=now)


def closed(resource: Resource, details: Mapping[str, Any], now: datetime) -> tuple[Closure, ...]:
    """The closures of a resource and one more, the last. Raises `NotOffered` for one too many."""
    if len(resource.closures) >= MOST_CLOSURES:
        raise NotOffered("first", f"There are {MOST_CLOSURES} closures; take some back first.")
    return (*resource.closures, Closure(id=new_id(now), **details))


def opened(resource: Resource, closure_id: str) -> tuple[Closure, ...]:
    """Its closures without this one."""
    return tuple(one for one in resource.closures if one.id != closure_id)


def _known(records: Mapping[str, Record], record_id: str, field: str) -> Record:
    if record_id not in records:
        raise NotOffered(field, "Does not exist.")
    return records[record_id]


def _open(records: Mapping[str, Record], record_id: str, field: str) -> Record:
    record = _known(records, record_id, field)
    if record.archived_at is not None:
        raise NotOffered(field, "Is archived, and takes no new bookings.")
    return record


def _several(records: Iterable[Record]) -> bool:
    found = (record for record in records if record.archived_at is None)
    return len(list(islice(found, 2))) > 1


def _any(records: Iterable[Record], field: str) -> Sequence[Record]:
    found = [record for record in records if record.archived_at is None]
    if not found:
        raise NotOffered(field, "There is none that can be booked.")
    return found


def _only(records: Iterable[Record], field: str) -> Record:
    found = _any(records, field)
    if len(found) > 1:
        raise NotOffered(field, "Is needed: there are several.")
    return found[0]
