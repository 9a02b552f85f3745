"""What is read all the time: loaded once for many askers, and anew after a second."""

import asyncio
from types import SimpleNamespace

import pytest

from bookingd import fresh
from bookingd.fresh import Fresh
from tests.deadlines import until_true


class Watch:
    """A monotonic clock that goes on when the test says so."""

    now = 1000.0

    def wait(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Watch:
    watch = Watch()
    monkeypatch.setattr(fresh, "time", SimpleNamespace(monotonic=lambda: watch.now))
    return watch


class Well:
    """Loads 1, 2, 3 …, when the gate is open; first it fails so many times."""

    def __init__(self, *, failures: int = 0, is_open: bool = True) -> None:
        self.loads = 0
        self._failures = failures
        self.gate = asyncio.Event()
        if is_open:
            self.gate.set()

    async def load(self) -> int:
        self.loads += 1
        number = self.loads
        await self.gate.wait()
        if number <= self._failures:
            raise ValueError("dry")
        return number


async def asked(value: Fresh[int], well: Well, count: int) -> list[asyncio.Task[int]]:
    """Askers who all wait for one load."""
    tasks = [asyncio.create_task(value.get()) for _ in range(count)]
    await until_true(lambda: well.loads)
    await asyncio.sleep(0)
    return tasks


async def test_many_askers_share_one_load(watch: Watch):
    well = Well(is_open=False)
    tasks = await asked(Fresh(well.load), well, 50)
    well.gate.set()
    assert await asyncio.gather(*tasks) == [1] * 50
    assert well.loads == 1


async def test_a_value_is_good_for_a_second_and_no_longer(watch: Watch):
    value = Fresh(Well().load)
    found = []
    for seconds in (0.0, 0.5, 0.5, 0.01, 0.99, 0.02):
        watch.wait(seconds)
        found.append(await value.get())
    assert found == [1, 1, 1, 2, 2, 3]


async def test_the_age_counts_from_before_the_load(watch: Watch):
    well = Well(is_open=False)
    value = Fresh(well.load)
    tasks = await asked(value, well, 1)
    watch.wait(0.6)
    well.gate.set()
    await asyncio.gather(*tasks)
    watch.wait(0.6)
    assert await value.get() == 2


async def test_what_cannot_be_loaded_is_an_error_and_tried_again(watch: Watch):
    value = Fresh(Well(failures=1).load)
    with pytest.raises(ValueError, match="dry"):
        await value.get()
    assert await value.get() == 2


async def test_an_old_value_does_not_hide_a_failure(watch: Watch):
    well = Well()
    value = Fresh(well.load)
    await value.get()
    well._failures = 99
    watch.wait(2)
    with pytest.raises(ValueError, match="dry"):
        await value.get()


async def test_a_load_that_fails_fails_for_all_who_asked_meanwhile(watch: Watch):
    # Else each waits for a failure of its own, one behind the other, while the database is away.
    well = Well(failures=99, is_open=False)
    tasks = await asked(Fresh(well.load), well, 10)
    well.gate.set()
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(one) for one in found} == {ValueError}
    assert well.loads == 1


async def test_an_asker_who_goes_away_leaves_the_others_their_answer(watch: Watch):
    well = Well(is_open=False)
    first, second = await asked(Fresh(well.load), well, 2)
    first.cancel()
    well.gate.set()
    assert await second in {1, 2}


async def test_what_is_forgotten_is_loaded_anew(watch: Watch):
    value = Fresh(Well().load)
    assert await value.get() == 1
    value.forget()
    assert [await value.get(), await value.get()] == [2, 2]


async def test_what_is_forgotten_while_it_loads_is_not_kept(watch: Watch):
    well = Well(is_open=False)
    value = Fresh(well.load)
    early = await asked(value, well, 2)
    value.forget()
    late = [asyncio.create_task(value.get()) for _ in range(2)]
    await until_true(lambda: well.loads == 2)
    well.gate.set()
    assert await asyncio.gather(*early) == [1, 1]
    assert await asyncio.gather(*late) == [2, 2]
    assert await value.get() == 2


async def test_an_old_load_that_ends_last_does_not_win(watch: Watch):
    gates = [asyncio.Event(), asyncio.Event()]
    started = iter(range(2))

    async def load() -> int:
        number = next(started)
        await gates[number].wait()
        return number

    value = Fresh(load)
    early = asyncio.create_task(value.get())
    await asyncio.sleep(0)
    value.forget()
    late = asyncio.create_task(value.get())
    gates[1].set()
    assert await late == 1
    gates[0].set()
    assert await early == 0
    assert await value.get() == 1
