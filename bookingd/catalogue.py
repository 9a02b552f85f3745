"""What can be booked, and with whom."""

from dataclasses import dataclass

from bookingd.fresh import Fresh
from storage.interface import Storage
from storage.model import Resource, Service


class UnknownOffer(Exception):
    """There is no such service or resource; `field` is the one that names it."""

    def __init__(self, field: str) -> None:
        super().__init__("does not exist")
        self.field = field


@dataclass(frozen=True, slots=True)
class Offer:
    """Services and resources by id, oldest first."""

    services: dict[str, Service]
    resources: dict[str, Resource]

    def service(self, service_id: str | None) -> Service:
        """The one asked for, or the oldest. Raises `UnknownOffer`."""
        if service_id is None:
            return next(iter(self.services.values()))
        if service_id not in self.services:
            raise UnknownOffer("serviceId")
        return self.services[service_id]

    def resource(self, resource_id: str | None) -> Resource:
        """The one asked for, or the oldest. Raises `UnknownOffer`."""
        if resource_id is None:
            return next(iter(self.resources.values()))
        if resource_id not in self.resources:
            raise UnknownOffer("resourceId")
        return self.resources[resource_id]


class Catalogue(Fresh[Offer]):
    """The offer, as it is kept."""

    def __init__(self, storage: Storage) -> None:
        super().__init__(self._read)
        self._storage = storage

    async def _read(self) -> Offer:
        services = await self._storage.services()
        resources = await self._storage.resources()
        return Offer(
            {service.id: service for service in services},
            {resource.id: resource for resource in resources},
        )
