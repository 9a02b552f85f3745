"""The judge of the long runs has to complain of what is bad, and of nothing else."""

from nemesis.judge import Death, again, in_the_window, without_reason
from nemesis.relay import Receipt


def taken(at: float, message: str = "a", *, told: bool = True) -> Receipt:
    return Receipt(f"<{message}@example.org>", "digest", at, told)


def complaints(*receipts: Receipt, deaths: tuple[Death, ...] = (), leapt: float = 9e9) -> int:
    return len(without_reason(again(receipts), deaths, leapt))


def test_mails_that_came_once_are_no_matter():
    assert again([taken(1), taken(2, "b")]) == []
    assert complaints(taken(1), taken(2, "b")) == 0


def test_one_that_comes_again_is_a_breach():
    assert complaints(taken(1), taken(2)) == 1
    assert complaints(taken(1), taken(2), taken(3)) == 2


def test_unless_its_daemon_died_meanwhile_with_it_in_hand():
    assert complaints(taken(1), taken(2), deaths=(Death(1.5, {"a"}),)) == 0
    assert complaints(taken(1), taken(2), deaths=(Death(1.5, {"b"}),)) == 1
    assert complaints(taken(3), taken(4), deaths=(Death(1.5, {"a"}),)) == 1
    assert complaints(taken(1), taken(2), deaths=(Death(2.5, {"a"}),)) == 1


def test_or_its_sender_was_not_told_and_waited():
    assert complaints(taken(1, told=False), taken(601)) == 0
    assert complaints(taken(1, told=False), taken(600)) == 1
    assert complaints(taken(1, told=False), taken(50), leapt=40) == 0
    assert complaints(taken(1), taken(601)) == 1


def test_the_window_has_what_was_taken_and_not_yet_noted():
    deaths = [Death(2, {"a", "b"}), Death(4, {"a"}), Death(6, {"a"})]
    assert in_the_window([], deaths) == 0
    assert in_the_window([taken(3, "b")], deaths) == 0
    assert in_the_window([taken(1), taken(1, "b")], deaths) == 2
    assert in_the_window([taken(1), taken(3)], deaths) == 2
