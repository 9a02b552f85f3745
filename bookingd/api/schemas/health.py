"""What the answers about health look like, for the documentation."""

from typing import Any, ClassVar

from marshmallow import fields

from bookingd.alarms import AlarmCode
from bookingd.api.schemas.fields import Choice
from bookingd.api.schemas.responses import Body


class Well(Body):
    """Nothing more is said."""

    status = fields.String(metadata={"enum": ["ok"]})

    example: ClassVar[dict[str, Any]] = {"status": "ok"}


class Health(Body):
    """The daemon answers."""

    status = fields.String(
        metadata={
            "enum": ["ok", "warn"],
            "description": "`warn`: a moment ago there was something to look at.",
        }
    )
    version = fields.String()
    uptime = fields.Float(metadata={"description": "In seconds."})
    timestamp = fields.DateTime()

    example: ClassVar[dict[str, Any]] = {
        "status": "ok",
        "version": "0.1.0",
        "uptime": 86400.5,
        "timestamp": "2030-02-12T14:03:07.120000Z",
    }


class Pool(Body):
    """The connections to the database."""

    size = fields.Integer(metadata={"description": "Open now."})
    idle = fields.Integer()
    in_use = fields.Integer()
    max = fields.Integer()


class DatabaseHealth(Body):
    """The database answers."""

    status = fields.String(metadata={"enum": ["ok"]})
    backend = fields.String(metadata={"enum": ["sqlite", "postgresql"]})
    latency_ms = fields.Float(metadata={"description": "In milliseconds."})
    pool = fields.Nested(Pool)

    example: ClassVar[dict[str, Any]] = {
        "status": "ok",
        "backend": "sqlite",
        "latencyMs": 0.21,
        "pool": {"size": 2, "idle": 2, "inUse": 0, "max": 2},
    }


class Job(Body):
    """What a job last did. Null is what has not been yet."""

    name = fields.String()
    last_run = fields.DateTime(allow_none=True)
    last_success = fields.DateTime(allow_none=True)
    last_error = fields.String(
        allow_none=True, metadata={"description": "Why it failed; null once it succeeds again."}
    )
    next_run = fields.DateTime(allow_none=True)


class Outbox(Body):
    """What the outbox holds, in numbers of messages."""

    pending = fields.Integer(metadata={"description": "To be sent, now or later."})
    under_way = fields.Integer(metadata={"description": "Being sent."})
    due = fields.Integer(metadata={"description": "Owed by now and not sent."})
    overdue = fields.Integer(metadata={"description": "Of these, for 5 minutes or more."})
    oldest_due = fields.DateTime(
        allow_none=True, metadata={"description": "Since when the oldest of these is owed."}
    )
    dead = fields.Integer(metadata={"description": "Given up."})
    missed = fields.Integer(metadata={"description": "Reminders whose appointment had begun."})


class Reminders(Body):
    """What is to come."""

    next_24h = fields.Integer(metadata={"description": "Due in the next 24 hours."})


class Mail(Body):
    """The way out."""

    last_success = fields.DateTime(
        allow_none=True, metadata={"description": "When the relay last took a mail of this daemon."}
    )


class JobsWarning(Body):
    """Why somebody should look."""

    code = Choice(AlarmCode, metadata={"description": "For programs; it never changes."})
    message = fields.String(metadata={"description": "For people; it may change."})


class JobsHealth(Body):
    """Whether what runs on its own does."""

    status = fields.String(
        metadata={"enum": ["ok", "warn"], "description": "`warn`: there are warnings."}
    )
    warnings = fields.List(fields.Nested(JobsWarning))
    jobs = fields.List(fields.Nested(Job))
    outbox = fields.Nested(Outbox)
    reminders = fields.Nested(Reminders)
    mail = fields.Nested(Mail)

    example: ClassVar[dict[str, Any]] = {
        "status": "warn",
        "warnings": [{"code": "MAIL_LATE", "message": "messages over 5 minutes late: 2"}],
        "jobs": [
            {
                "name": "drain",
                "lastRun": "2030-02-12T14:03:07.120000Z",
                "lastSuccess": "2030-02-12T14:03:07.121000Z",
                "lastError": None,
                "nextRun": "2030-02-12T14:03:08.120000Z",
            }
        ],
        "outbox": {
            "pending": 12,
            "underWay": 0,
            "due": 2,
            "overdue": 2,
            "oldestDue": "2030-02-12T13:57:00.000000Z",
            "dead": 0,
            "missed": 0,
        },
        "reminders": {"next24h": 4},
        "mail": {"lastSuccess": "2030-02-12T13:58:41.006000Z"},
    }
