"""Logging: JSON lines for machines, readable lines at a desk; never personal data."""

import itertools
import json
import logging
import os
import sys
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from typing import Any

from pythonjsonlogger.orjson import OrjsonFormatter

from bookingd.config import Config

log = logging.getLogger(__name__)

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The id of the request that is being answered, for every line that is logged meanwhile."""

trace_id: ContextVar[str | None] = ContextVar("trace_id", default=None)
"""The trace that the request belongs to, where it says so (W3C Trace Context)."""

_numbers = itertools.count(1)
_START = os.urandom(6).hex()


def new_request_id() -> str:
    """An id for a request that brings none: a mark of this start of the daemon, and a number."""
    return f"{_START}-{next(_numbers)}"


FILE_BYTES = 10_000_000
FILES_KEPT = 10

_CHATTY = ("aiosqlite", "apscheduler", "asyncio", "aiohttp", "tzlocal")
"""Libraries that log each statement or job when asked for debug; some of it is personal data."""

_OWN = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure(config: Config) -> None:
    """Send all logging to standard error and, where one is named, to a file that rotates."""
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if config.log_file:
        config.log_file.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(LogFile(config.log_file, maxBytes=FILE_BYTES, backupCount=FILES_KEPT))
    formatter = JsonLines() if config.log_format == "json" else ReadableLines()
    for handler in handlers:
        handler.setFormatter(formatter)
    logging.basicConfig(level=config.log_level.upper(), handlers=handlers, force=True)
    # What no line shows need not be found out (logging HOWTO, "Optimization").
    logging._srcfile = None
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Each try to reach a server that is away would be a traceback; storage says it in a line.
    logging.getLogger("asyncpg").setLevel(logging.ERROR)


class LogFile(RotatingFileHandler):
    """A file that rotates. While it cannot be written to, that is said once, not at each line."""

    _told = False

    def flush(self) -> None:
        super().flush()
        self._told = False

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        if not self._told:
            self._told = True
            reason = str(sys.exception())
            log.warning("the log file cannot be written", extra={"reason": reason})


def context(record: logging.LogRecord) -> dict[str, Any]:
    """What was given as `extra`."""
    return {name: value for name, value in vars(record).items() if name not in _OWN}


class JsonLines(OrjsonFormatter):
    """`timestamp, level, logger, message, requestId, context`; `traceId` in a trace.

    And `exc_info` of a fault.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "timestamp": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "requestId": request_id.get(),
            "context": context(record),
        }
        if trace := trace_id.get():
            line["traceId"] = trace
        if record.exc_info:
            line["exc_info"] = self.formatException(record.exc_info)
        return self.jsonify_log_record(line)

    def jsonify_log_record(self, log_data: dict[str, Any]) -> str:
        try:
            return super().jsonify_log_record(log_data)
        except TypeError:  # half a character, a huge number: json writes what orjson will not
            return json.dumps(log_data, default=str)

    def formatTime(  # noqa: N802 - the name is logging's
        self, record: logging.LogRecord, datefmt: str | None = None
    ) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
        return moment.isoformat(timespec="milliseconds") + "Z"


class ReadableLines(logging.Formatter):
    """One line for people: the time, what, and the context as `name=value`."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", "%H:%M:%S")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        pairs = [f"{name}={value}" for name, value in context(record).items()]
        if request_id.get():
            pairs.append(f"requestId={request_id.get()}")
        if trace_id.get():
            pairs.append(f"traceId={trace_id.get()}")
        return "  ".join([super().formatMessage(record), *pairs])
