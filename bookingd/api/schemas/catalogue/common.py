"""What services and resources have in common."""

from marshmallow import Schema

from bookingd.api.schemas.fields import Flag

INTERNAL = frozenset({"version", "created_at", "updated_at", "archived", "archived_at"})
"""What customers do not see, of a service and of a resource."""


class CatalogueQuery(Schema):
    """The query of the lists of services and resources."""

    archived = Flag(
        in_query=True,
        load_default=False,
        metadata={"description": "Also the archived ones; needs a key that reads everything."},
    )
