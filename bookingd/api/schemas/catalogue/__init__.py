"""What requests about services and resources may say, and what the answers look like."""

from bookingd.api.schemas.catalogue.closures import (
    Closure,
    ClosureList,
    EditedHours,
    NewClosure,
    Week,
)
from bookingd.api.schemas.catalogue.common import CatalogueQuery
from bookingd.api.schemas.catalogue.resources import (
    EditedResource,
    NewResource,
    Resource,
    ResourceList,
)
from bookingd.api.schemas.catalogue.services import EditedService, NewService, Service, ServiceList

__all__ = [
    "CatalogueQuery",
    "Closure",
    "ClosureList",
    "EditedHours",
    "EditedResource",
    "EditedService",
    "NewClosure",
    "NewResource",
    "NewService",
    "Resource",
    "ResourceList",
    "Service",
    "ServiceList",
    "Week",
]
