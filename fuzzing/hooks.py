"""What schemathesis is told beyond the OpenAPI document; `schemathesis.toml` names this file.

JSON Schema has no words for some rules of the daemon. Either what is generated keeps to them
(`FORMATS`), or their refusal is foreseen (`foreseen.py`). Everything else is a finding.
"""

import re
from collections import Counter, deque
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import available_timezones

import schemathesis
from hypothesis import strategies
from schemathesis import Case, HookContext, Response
from schemathesis.cli import EventHandler, ExecutionContext, handler
from schemathesis.core.failures import Failure
from schemathesis.engine.events import EngineEvent, ScenarioFinished
from schemathesis.openapi.checks import RejectedPositiveData, UseAfterFree

from fuzzing.foreseen import foreseen
from fuzzing.requests import OFFERED
from storage.ids import is_id

FIRST, LAST = datetime(2090, 1, 1), datetime(2099, 12, 30)  # noqa: DTZ001 - the zone is drawn
OFFSETS = strategies.integers(-12 * 60, 14 * 60).map(lambda one: timezone(timedelta(minutes=one)))
NUMBERS = ("+44 20 7946 0958", "+4930123456", "030 123456", "(020) 7946-0958", "112")
URLS = r"\Ahttps://([a-z0-9]{1,9}\.){1,3}[a-z]{2,9}(:[1-9][0-9]{0,3})?([/?][A-Za-z0-9._~!$&'()*+,;=:@-]*)?\Z"
REGIONS = ("DE", "DE-BY", "PT", "US-CA", "JP")
ZONES = sorted(zone for zone in available_timezones() if zone[0].isupper())

FORMATS = {
    "date-time": strategies.datetimes(FIRST, LAST, timezones=OFFSETS).map(datetime.isoformat),
    "date": strategies.dates(FIRST.date(), LAST.date()).map(date.isoformat),
    "time-zone": strategies.sampled_from(ZONES),
    "region": strategies.sampled_from(REGIONS),
    "phone": strategies.sampled_from(NUMBERS),
    "uri": strategies.from_regex(URLS),
}
"""What the document's formats mean. Instants lie ahead, as a booking's start has to; none depends
on the day of the run, so that a seed means the same for ever."""

LINKED: deque[str] = deque(maxlen=1)
"""The token of the latest booking."""

WEEK = timedelta(days=7)
NOT_THERE = "00000000-0000-7000-8000-000000000009"

for name, strategy in FORMATS.items():
    schemathesis.openapi.format(name, strategy)


@schemathesis.hook
def before_call(_context: HookContext, case: Case, _options: dict[str, Any]) -> None:
    """Send nothing that would leave nothing to book, or that is refused for a second reason."""
    if "token" in case.path_parameters and LINKED and _is_right(case):
        case.path_parameters["token"] = LINKED[-1]
    if case.method not in {"GET", "POST"} and case.path_parameters.get("id") in OFFERED.values():
        case.path_parameters["id"] = NOT_THERE
    _draw_near(case)
    if case.meta and (not _is_right(case) or case.meta.phase.name == "coverage"):
        _mend(case)


def _is_right(case: Case) -> bool:
    """Whether it is meant to be accepted."""
    return case.meta is None or not case.meta.generation.mode.is_negative


@schemathesis.hook
def after_call(_context: HookContext, _case: Case, response: Response) -> None:
    """Remember the link of the booking that was made or changed."""
    if found := re.search(rb'"manageUrl":"[^"#]+#([^"]+)"', response.content):
        LINKED.append(found[1].decode())


def _draw_near(case: Case) -> None:
    """Two days drawn at random lie too far apart for a list of slots."""
    try:
        first, last = (date.fromisoformat(case.query[name]) for name in ("from", "to"))
    except (KeyError, TypeError, ValueError):
        return
    if not timedelta(0) <= last - first < WEEK:
        case.query["to"] = case.query["from"]


def _mend(case: Case) -> None:
    """Put right what a schema cannot know; what is tried otherwise is one thing at a time."""
    if "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if "page" in case.query:
        case.query.pop("cursor", None)
    if isinstance(case.body, dict):
        for name in OFFERED.keys() & case.body.keys():
            if isinstance(case.body[name], str) and is_id(case.body[name]):
                case.body[name] = OFFERED[name]
    match case.body:
        case {"timeSlot": {"startTime": str(start)} as slot} if re.match(r"20\d\d-", start):
            slot["startTime"] = f"2096{start[4:]}"  # a leap year, as 2000 was


@schemathesis.hook
def filter_failure(
    _context: HookContext, failure: Failure, _case: Case, response: Response
) -> bool:
    """Whether it is a finding."""
    match failure:
        case RejectedPositiveData():
            return not foreseen(response.json())
        case UseAfterFree():
            # What is cancelled can still be read, and says that it is.
            return response.json().get("status", "CANCELLED") != "CANCELLED"
    return True


@handler()
class Count(EventHandler[ExecutionContext]):
    """Says in the end how often each check looked at a case."""

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        self._looked: Counter[str] = Counter()

    def handle_event(self, ctx: ExecutionContext, event: EngineEvent) -> None:
        """Add up, and put the figures into schemathesis's own summary."""
        if isinstance(event, ScenarioFinished):
            for checks in event.recorder.checks.values():
                self._looked.update(check.name for check in checks)

    def start(self, ctx: ExecutionContext) -> None:
        """Ask for a place in the summary."""
        ctx.add_summary_line(self._lines())

    def _lines(self) -> Iterator[str]:
        yield "Cases per check:"
        for name, times in self._looked.most_common():
            yield f"  {name}: {times}"
