"""The whole HTTP API in process, on a real database, with a desk at work."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from bookingd.alarms import Alarms
from bookingd.api import context
from bookingd.api.application import application
from bookingd.auth import Keyring
from bookingd.catalogue import Catalogue
from bookingd.config import Config
from bookingd.desk import Desk
from bookingd.limiter import Limiter
from bookingd.links import Links
from bookingd.listener import Listener
from bookingd.measures import MeasuredDesk, Measures
from bookingd.vacancies import Vacancies
from bookingd.vitals import Vitals
from bookingd.webhooks import Webhooks
from schedules.scheduler import Scheduler
from storage.interface import BookingFilter, Storage
from storage.model import Message
from tests.bookingd.api.contract import Contract, contract
from tests.bookingd.conftest import ADMIN, a_config
from tests.records import APPOINTMENT, NOW, OFFICE

QUIET = pytest.mark.filterwarnings("ignore::aiohttp.web_exceptions.NotAppKeyWarning")
"""aiohttp-apispec keeps its things in application and request under plain names."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(QUIET)


UNKNOWN = "00000000-0000-7000-8000-00000000ffff"
"""An id that nothing has."""

LINKS = Links("https://booking.example.org", "what the links of the tests are signed with")

Client = TestClient[web.Request, web.Application]


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: Any
    text: str
    body: Any


@dataclass
class House:
    """The application and what it works with."""

    config: Config
    storage: Storage
    now: datetime = NOW
    pokes: int = 0
    reconciled: int = 0
    client: Client = field(init=False)
    desk: Desk = field(init=False)
    scheduler: Scheduler = field(init=False)
    app: web.Application = field(init=False)
    contract: Contract = field(init=False)
    drift: list[str] = field(default_factory=list)
    """Where responses were not as the document says."""

    @property
    def admin(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {ADMIN}"}

    def build(self) -> web.Application:
        measures = Measures()
        self.desk = MeasuredDesk(self.storage, self._poked, measures)
        app = application(self.config)
        app[context.CONFIG] = self.config
        app[context.STORAGE] = self.storage
        app[context.DESK] = self.desk
        app[context.CATALOGUE] = Catalogue(self.storage)
        app[context.VACANCIES] = Vacancies(self.storage, self.config.time_zone)
        app[context.WEBHOOKS] = Webhooks(self.storage, self.clock)
        app[context.LINKS] = LINKS
        app[context.KEYRING] = Keyring(self.config, self.storage, self.clock)
        rate = self.config.rate_limit
        app[context.LIMITER] = Limiter(rate) if rate else None
        app[context.CLOCK] = self.clock
        app[context.MEASURES] = measures
        app[context.RECONCILE] = self._reconciled
        self.scheduler = Scheduler(self.clock)
        app[context.VITALS] = Vitals(self.storage, self.scheduler, self.clock, lambda: 0)
        app[context.ALARMS] = Alarms(app[context.VITALS], measures, None, self.clock)
        app[context.STARTED] = time.monotonic()
        self.contract = contract(app, self.config.required_fields)
        app.on_response_prepare.append(self._hold)
        self.app = app
        return app

    async def _hold(self, request: web.Request, response: web.StreamResponse) -> None:
        """Hold every response of every test to the document."""
        found = self.contract.drift(request, response)
        if found:
            self.drift.append(f"{request.method} {request.path} {response.status}: {found}")

    def clock(self) -> datetime:
        return self.now

    def pass_by(self, passed: timedelta) -> None:
        self.now += passed

    def _poked(self) -> None:
        self.pokes += 1

    def _reconciled(self) -> None:
        self.reconciled += 1

    async def call(
        self,
        method: str,
        path: str,
        *,
        key: str | None = ADMIN,
        headers: Any = None,
        **options: Any,
    ) -> Answer:
        """One request; with the admin key unless another is named."""
        sent = list(dict(headers or {}).items()) if not isinstance(headers, list) else headers
        if key is not None:
            sent = [("Authorization", f"Bearer {key}"), *sent]
        async with self.client.request(method, path, headers=sent, **options) as response:
            text = await response.text()
            is_json = "json" in response.content_type and text
            body = await response.json(content_type=None) if is_json else None
            return Answer(response.status, response.headers, text, body)

    async def place(self, **fields: Any) -> Any:
        """A booking placed; its JSON."""
        answer = await self.call("POST", "/api/bookings", json=a_body(**fields))
        assert answer.status == 201, answer.text
        return answer.body

    async def messages(self, booking_id: str) -> list[Message]:
        return await self.storage.messages([booking_id])

    async def written(self) -> tuple[int, int]:
        """How many bookings and messages there are."""
        bookings = await self.storage.bookings(BookingFilter(), limit=1000)
        messages = await self.storage.messages([booking.id for booking in bookings])
        return len(bookings), len(messages)


Opener = Callable[..., Awaitable[House]]


@pytest.fixture
async def open_house(
    storage: Storage, aiohttp_client: Callable[[web.Application], Awaitable[Client]]
) -> AsyncIterator[Opener]:
    """Opens a house with these settings; one whose desk is not `staffed` answers no change."""
    staff: list[asyncio.Task[None]] = []
    houses: list[House] = []

    async def opened(*, staffed: bool = True, **settings: Any) -> House:
        house = House(a_config(**settings), storage)
        houses.append(house)
        house.client = await aiohttp_client(house.build())
        if staffed:
            staff.append(asyncio.create_task(house.desk.run()))
        return house

    yield opened
    for task in staff:
        task.cancel()
    await asyncio.gather(*staff, return_exceptions=True)
    assert [drift for house in houses for drift in house.drift] == []


@pytest.fixture
async def house(open_house: Opener) -> House:
    return await open_house()


DoorOpener = Callable[..., Awaitable[Any]]


@pytest.fixture
async def open_door(
    open_house: Opener, unused_tcp_port_factory: Callable[[], int]
) -> AsyncIterator[DoorOpener]:
    """Opens a house with these settings to the street: its real listening socket."""
    from tests.bookingd.api.doors import Door

    async with AsyncExitStack() as stack:

        async def opened(**settings: Any) -> Door:
            house = await open_house(**settings)
            runner = web.AppRunner(house.build())
            await runner.setup()
            desk = asyncio.create_task(house.desk.run())
            stack.push_async_callback(asyncio.wait_for, desk, 5)
            stack.callback(house.desk.close)
            stack.push_async_callback(runner.cleanup)
            port = unused_tcp_port_factory()
            await Listener(runner, "127.0.0.1", port).start()
            return Door(house, port)

        yield opened


@pytest.fixture
async def door(open_door: DoorOpener) -> Any:
    return await open_door()


def a_body(*, start: str = "2026-03-09T10:00:00Z", minutes: Any = 60, **fields: Any) -> Any:
    """The body of a booking to be placed."""
    body: dict[str, Any] = {
        "name": "Ada Example",
        "email": "ada@example.org",
        "company": "Example Ltd",
        "timeSlot": {"startTime": start, "duration": minutes},
        "serviceId": APPOINTMENT,
        "resourceId": OFFICE,
    }
    return body | fields


MEMBERS = {
    "statusCode",
    "message",
    "errorCode",
    "timestamp",
    "requestId",
    "errors",
    "type",
    "title",
    "status",
    "detail",
}


def assert_error(answer: Answer, status: int, code: str, *fields: str, **more: Any) -> None:
    """The one error body, with this code, naming exactly these fields."""
    assert answer.status == status, answer.text
    body = answer.body
    assert set(body) == MEMBERS | set(more)
    assert (body["statusCode"], body["status"]) == (status, status)
    assert body["errorCode"] == code
    assert body["type"] == f"urn:bookingd:error:{code.lower().replace('_', '-')}"
    assert body["message"]
    assert body["message"] == body["detail"]
    assert body["title"]
    assert datetime.fromisoformat(body["timestamp"]).utcoffset() == timedelta(0)
    assert body["requestId"]
    assert body["requestId"] == answer.headers["X-Request-Id"]
    assert sorted(error["field"] for error in body["errors"]) == sorted(fields)
    assert all(error["message"] for error in body["errors"])
    assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
