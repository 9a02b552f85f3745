"""What requests about services and resources may say."""

from marshmallow import Schema

from bookingd.api.fields import Colour, Distinct, Email, Flag, Id, Text, Whole, Zone

DAY = 24 * 60
"""Minutes."""


class NewService(Schema):
    """The body of a service to be created; durations and buffers in minutes."""

    name = Text(200, required=True)
    description = Text(5000, lines=True, allow_none=True)
    durations = Distinct(Whole(1, DAY), most=50)
    price = Text(100, allow_none=True)
    colour = Colour(allow_none=True)
    buffer_before = Whole(0, DAY, data_key="bufferBefore")
    buffer_after = Whole(0, DAY, data_key="bufferAfter")
    needs_confirmation = Flag(data_key="needsConfirmation")


class EditedService(NewService):
    """The body of a change of a service: whatever is to change."""

    name = Text(200)
    archived = Flag()


class NewResource(Schema):
    """The body of a resource to be created."""

    name = Text(200, required=True)
    description = Text(5000, lines=True, allow_none=True)
    email = Email(allow_none=True)
    time_zone = Zone(allow_none=True, data_key="timeZone")
    service_ids = Distinct(Id(), most=200, data_key="serviceIds")


class EditedResource(NewResource):
    """The body of a change of a resource: whatever is to change."""

    name = Text(200)
    archived = Flag()


class CatalogueQuery(Schema):
    """The query of the lists of services and resources."""

    archived = Flag(in_query=True, load_default=False)
