"""What is offered, what is explained, what is accepted, and what brute force finds: all the same.

`make agree` tries 100,000 starts.
"""

import os
from collections import Counter
from dataclasses import replace
from random import Random

import pytest

from bookingd.availability.engine import FIXED, check, explain, offered
from bookingd.availability.rules import RULES
from bookingd.availability.wanted import NO_SESSIONS, Wanted
from storage.sessions import Sessions
from tests.bookingd.availability.oracle import Hand, instant, meeting
from tests.bookingd.availability.worlds import HOUSE, World, a_world, telling

CASES = int(os.environ.get("BOOKINGD_TEST_CASES", "3000"))
STARTS = 10
"""How many starts are tried in all, and in each world."""


def test_offered_explained_accepted_and_found_by_hand():
    """The seed of a world that fails is in the message, and makes it again."""
    met = Counter[str]()
    for seed in range(CASES // STARTS):
        chance = Random(seed)
        world = a_world(chance)
        for start in telling(world, chance, STARTS):
            verdicts = agreed(world, start, f"world {seed}, {start}")
            met["offered"] += all(verdicts)
            met.update(rule.name for rule, kept in zip(RULES, verdicts, strict=True) if not kept)
    assert min(met[name] for name in ["offered", *(rule.name for rule in RULES)]) > CASES // 100


def agreed(world: World, start: int, which: str) -> list[bool]:
    """What all say of one start, the rules in order."""
    by_hand = Hand(world.wanted, HOUSE).verdicts(instant(start))
    wanted = as_far_as_reached(world)
    assert [verdict.why is None for verdict in explain(wanted, start)] == by_hand, which
    assert (start in offered(wanted, world.window)) == all(by_hand), which
    assert_accepted_by_fixed_rules(wanted, start, by_hand[: len(FIXED)])
    return by_hand


def as_far_as_reached(world: World) -> Wanted:
    """With those sessions alone that storage is asked for."""
    met = meeting(world.wanted.sessions, *world.wanted.reach(world.window))
    wanted = world.wanted.among(Sessions.of(met))
    return wanted if wanted.counts_seats else replace(wanted, sessions=NO_SESSIONS)


def assert_accepted_by_fixed_rules(wanted: Wanted, start: int, by_hand: list[bool]) -> None:
    """What does not depend on others is refused for the first rule that is not kept."""
    if all(by_hand):
        check(wanted, start)
    else:
        with pytest.raises(FIXED[by_hand.index(False)].refusal):
            check(wanted, start)
