"""Memory that the cyclic garbage collector leaves alone."""

import gc
from collections.abc import Iterator

import pytest

from bookingd import collector


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def looked_at(one: object) -> bool:
    return any(other is one for other in gc.get_objects())


def test_what_is_here_to_stay_is_not_looked_at_and_all_else_is():
    with collector.here_to_stay():
        assert not gc.isenabled()
        kept = [[]]
    assert gc.isenabled()
    other = [[]]
    assert not looked_at(kept)
    assert looked_at(other)


def test_a_fault_inside_leaves_the_collector_at_work():
    with pytest.raises(ImportError), collector.here_to_stay():
        raise ImportError
    assert gc.isenabled()


def test_spared_it_still_finds_what_comes_later():
    kept = [[]]
    collector.spare()
    assert not looked_at(kept)
    rings = [[] for _ in range(100)]
    for ring in rings:
        ring.append(ring)
    del rings, ring
    assert gc.collect() >= 100
