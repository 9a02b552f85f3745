"""Where hits are counted: in memory, in a real Redis, and what happens when that goes away."""

import asyncio
import logging
import socket
from collections.abc import Callable
from itertools import count

import pytest

from bookingd import counting
from bookingd.counting import Counts, Memory, Window
from tests.redis import running_redis

Port = Callable[[], int]


class Clock:
    """Seconds that pass when they are told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def hits(window: Window, subject: str, times: int) -> list[bool]:
    return [await window.hit(subject) for _ in range(times)]


async def test_the_window_moves_with_the_clock():
    clock = Clock()
    window = Window("default", "2/minute", Counts(clock=clock))
    assert await hits(window, "a", 1) == [True]
    clock.now += 40
    assert await hits(window, "a", 2) == [True, False]
    left, seconds = await window.left("a")
    assert (left, round(seconds)) == (0, 20)
    clock.now += 20
    assert await hits(window, "a", 2) == [True, False]
    clock.now += 60
    assert await window.left("a") == (2, pytest.approx(60, abs=0.1))


async def test_asking_whether_it_is_open_counts_nothing():
    window = Window("default", "1/minute", Counts())
    assert [await window.open("a") for _ in range(3)] == [True] * 3
    assert await hits(window, "a", 1) == [True]
    assert not await window.open("a")


async def test_windows_on_the_same_counts_are_apart():
    counts = Counts()
    one, two = Window("one", "1/minute", counts), Window("two", "1/minute", counts)
    assert await hits(one, "a", 2) + await hits(two, "a", 2) == [True, False] * 2


async def test_who_has_not_come_for_a_window_is_forgotten():
    clock = Clock()
    memory = Memory(clock)
    for number in range(100):
        await memory.acquire_entry(str(number), 5, 60)
    clock.now += 61
    await memory.acquire_entry("one more", 5, 60)
    assert len(memory) == 1


async def test_a_short_window_does_not_forget_for_a_long_one():
    clock = Clock()
    memory = Memory(clock)
    await memory.acquire_entry("long", 1, 3600)
    clock.now += 100
    await memory.acquire_entry("short", 1, 60)
    assert not await memory.acquire_entry("long", 1, 3600)


async def test_many_addresses_cost_a_bounded_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(counting, "MOST_SUBJECTS", 50)
    memory = Memory(Clock())
    for number in range(500):
        await memory.acquire_entry("often", 1, 60)
        await memory.acquire_entry(str(number), 1, 60)
    assert len(memory) == 50
    assert not await memory.acquire_entry("499", 1, 60)
    assert await memory.acquire_entry("0", 1, 60)


async def test_daemons_that_share_a_server_count_together(unused_tcp_port_factory: Port):
    with running_redis(unused_tcp_port_factory()) as url:
        here, there = Counts(url), Counts(url.replace("redis", "valkey"))
        one, two = Window("default", "3/minute", here), Window("default", "3/minute", there)
        assert await hits(one, "a", 2) == [True, True]
        assert await hits(two, "a", 2) == [True, False]
        assert not await one.open("a")
        left, seconds = await one.left("a")
        assert left == 0
        assert 50 < seconds <= 60
        assert await hits(two, "b", 1) == [True]
        await here.close()
        await there.close()


async def test_many_at_once_pass_exactly_as_many_as_may(
    unused_tcp_port_factory: Port, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(counting, "PATIENCE", 5.0)
    with running_redis(unused_tcp_port_factory()) as url:
        counts = Counts(url)
        window = Window("default", "20/minute", counts)
        found = await asyncio.gather(*(window.hit("a") for _ in range(100)))
        assert sum(found) == 20
        await counts.close()


async def test_while_the_server_is_gone_each_counts_for_itself(
    unused_tcp_port_factory: Port, caplog: pytest.LogCaptureFixture
):
    port, clock = unused_tcp_port_factory(), Clock()
    with running_redis(port) as url:
        counts = Counts(url, clock)
        window = Window("default", "2/minute", counts)
        assert await hits(window, "a", 2) == [True, True]
    assert await hits(window, "a", 3) == [True, True, False]
    assert [one.message for one in caplog.records if one.levelno == logging.WARNING] == [
        "limits are counted here alone"
    ]
    with running_redis(port):
        assert await hits(window, "a", 1) == [False]
        clock.now += counting.RETRY_AFTER
        assert await hits(window, "a", 3) == [True, True, False]
        await counts.close()


def connections(listening: socket.socket) -> int:
    """How many have come to it."""
    listening.setblocking(False)
    for number in count():
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return number
    raise AssertionError


async def test_a_server_that_hangs_delays_one_request_alone(unused_tcp_port_factory: Port):
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        counts = Counts(f"redis://127.0.0.1:{deaf.getsockname()[1]}", Clock())
        window = Window("default", "9/minute", counts)
        assert await hits(window, "a", 5) == [True] * 5
        assert connections(deaf) <= 2  # the first request tried it again, no other asked it
        await counts.close()
