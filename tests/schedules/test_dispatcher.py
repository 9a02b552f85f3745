"""The dispatcher on a real database: claim, render, send, settle."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from schedules.channels import Deferred, Mail, Rejected, Uncertain, Unreachable
from schedules.channels.email import EmailChannel
from schedules.circuit import Circuit
from schedules.dispatcher import AT_ONCE, HANGS
from schedules.retry import ATTEMPTS, JITTER, UNCERTAIN
from storage.errors import Unavailable
from storage.model import MessageState
from storage.writes import Claim, Settle, Write
from tests.deadlines import until, until_true
from tests.mails import read, words
from tests.records import (
    DAY,
    HOUR,
    NOW,
    START,
    a_booking,
    a_message,
    a_reminder,
    a_row_of_bookings,
    change,
    changed,
    done,
    moved,
)
from tests.schedules import leaping
from tests.schedules.office import Office
from tests.schedules.smtp import relay, scripted_relay

PENDING, SENT, DEAD = MessageState.PENDING, MessageState.SENT, MessageState.DEAD
on_both = pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)

Act = Exception | asyncio.Event | None


class Scripted:
    """A channel that does what it was told, mail by mail, and sends the rest."""

    def __init__(self, *acts: Act) -> None:
        self.acts = list(acts)
        self.sent: list[Mail] = []
        self.tries = 0
        self.under_way = 0
        self.most_under_way = 0
        self.closed = False

    async def send(self, mail: Mail) -> None:
        assert not self.closed
        self.tries += 1
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)
        try:
            await self._act()
        finally:
            self.under_way -= 1
        self.sent.append(mail)

    async def _act(self) -> None:
        act = self.acts.pop(0) if self.acts else None
        if isinstance(act, Exception):
            raise act
        if isinstance(act, asyncio.Event):
            await act.wait()

    async def close(self) -> None:
        self.closed = True


@on_both
async def test_what_is_due_is_sent_and_the_booking_knows(office: Office):
    [message] = await office.owe(a_booking())
    office.open(Scripted())
    settled = await office.settled(message)
    assert (settled.state, settled.attempts, settled.sent_at) == (SENT, 1, NOW)
    [mail] = office.channel.sent
    assert mail.message_id == f"{message.id}@example.org"
    assert (await office.storage.booking(message.booking_id)).confirmation_sent


async def test_what_is_not_due_waits_until_the_clock_says_so(office: Office):
    [message] = await office.owe(a_booking(), make=a_reminder)
    office.open(Scripted())
    await office.looked()
    assert (await office.stored(message)).state is PENDING
    office.clock.now = START - DAY
    assert (await office.settled(message)).state is SENT
    assert (await office.storage.booking(message.booking_id)).reminder_sent


async def test_a_reminder_whose_booking_has_begun_is_missed_and_not_sent(office: Office):
    [message] = await office.owe(a_booking(), make=a_reminder)
    office.clock.now = START
    office.open(Scripted())
    assert (await office.settled(message)).state is MessageState.MISSED
    assert office.channel.sent == []


async def test_a_reminder_that_fails_until_the_start_is_missed(office: Office):
    [message] = await office.owe(a_booking(), make=a_reminder)
    office.clock.now = START - timedelta(seconds=1)
    office.open(Scripted(Deferred("450")))
    assert (await office.settled(message)).state is MessageState.MISSED


@on_both
async def test_a_mail_tells_of_the_booking_as_it_stood_when_the_mail_came_to_be_owed(
    office: Office,
):
    booking = a_booking()
    after = changed(booking, name="Grace Example")
    [before_it] = await office.owe(booking)
    after_it = a_message(after, due=NOW + HOUR)
    await done(office.storage, change(after, after_it))
    office.open(Scripted())
    await office.settled(before_it)
    office.clock.pass_by(HOUR)
    await office.settled(after_it)
    first, second = [words(read(mail.content)) for mail in office.channel.sent]
    assert ("Ada Example" in first, "Grace Example" in first) == (True, False)
    assert ("Ada Example" in second, "Grace Example" in second) == (False, True)


@on_both
async def test_what_was_refused_for_now_is_tried_again_after_the_pause(office: Office):
    [message] = await office.owe(a_booking())
    office.open(Scripted(Deferred("450 at RCPT: greylisted")))
    settled = await office.settled(message)
    assert (settled.state, settled.attempts) == (PENDING, 1)
    assert settled.last_error == "450 at RCPT: greylisted"
    pause = settled.next_attempt_at - NOW
    assert ATTEMPTS[0] <= pause <= ATTEMPTS[0] * (1 + JITTER)
    office.clock.pass_by(pause)
    settled = await office.settled(message)
    assert (settled.state, settled.attempts, settled.last_error) == (SENT, 2, None)


async def test_what_is_refused_again_and_again_follows_the_table_and_is_dead_at_its_end(
    office: Office,
):
    [message] = await office.owe(a_booking())
    office.open(Scripted(*[Deferred(f"450 {attempt}") for attempt in range(len(ATTEMPTS) + 1)]))
    for pause in ATTEMPTS:
        settled = await office.settled(message)
        assert settled.state is PENDING
        waits = settled.next_attempt_at - office.clock.now
        assert pause <= waits <= pause * (1 + JITTER)
        office.clock.pass_by(waits)
    settled = await office.settled(message)
    assert (settled.state, settled.attempts) == (DEAD, len(ATTEMPTS) + 1)
    assert settled.last_error == f"450 {len(ATTEMPTS)}"


@on_both
async def test_what_was_refused_for_good_is_dead_at_once(office: Office):
    [message] = await office.owe(a_booking())
    office.open(Scripted(Rejected("550 at RCPT: nobody")))
    settled = await office.settled(message)
    assert (settled.state, settled.attempts) == (DEAD, 1)
    assert settled.last_error == "550 at RCPT: nobody"
    assert not (await office.storage.booking(message.booking_id)).confirmation_sent


async def test_what_may_have_arrived_waits_ten_minutes_at_the_least(office: Office):
    [message] = await office.owe(a_booking())
    office.open(Scripted(Uncertain("lost"), *[Uncertain("lost")] * 5))
    settled = await office.settled(message)
    assert settled.state is PENDING
    assert settled.next_attempt_at == NOW + UNCERTAIN
    for _ in range(5):
        office.clock.now = settled.next_attempt_at
        settled = await office.settled(message)
    assert settled.next_attempt_at - office.clock.now >= timedelta(minutes=30)


async def test_an_unreachable_relay_burns_no_attempt(office: Office):
    [message] = await office.owe(a_booking())
    office.open(Scripted(Unreachable("connection refused")))
    settled = await office.settled(message)
    assert (settled.state, settled.attempts) == (PENDING, 0)
    assert settled.last_error == "connection refused"


async def test_while_the_relay_is_unreachable_mails_wait_and_then_all_go(office: Office, wait):
    messages = await office.owe(*a_row_of_bookings(5))
    dispatcher = office.open(Scripted(*[Unreachable("refused")] * 5))
    dispatcher.poke()
    await until_true(lambda: office.channel.tries == 5)
    await until(lambda: office.all_in(PENDING, *messages))
    for _ in range(5):
        await office.looked()
    assert office.channel.tries == 5
    wait(1.0)
    office.clock.pass_by(timedelta(seconds=1))
    dispatcher.poke()
    await until(lambda: office.all_in(SENT, *messages))
    assert office.channel.tries == 10


async def test_one_mail_alone_tries_whether_the_relay_is_back(office: Office, wait):
    messages = await office.owe(*a_row_of_bookings(4))
    back = asyncio.Event()
    dispatcher = office.open(Scripted(*[Unreachable("refused")] * 4, *[back] * 4))
    dispatcher.poke()
    await until_true(lambda: office.channel.tries == 4)
    await until(lambda: office.all_in(PENDING, *messages))
    wait(1.0)
    office.clock.pass_by(timedelta(seconds=1))
    for _ in range(4):
        await office.looked()
    await until_true(lambda: office.channel.under_way)
    assert office.channel.under_way == 1
    back.set()
    await until(lambda: office.all_in(SENT, *messages))


async def test_one_that_hangs_keeps_no_other_from_trying_whether_the_relay_is_back(
    office: Office, wait
):
    hanging, *others = await office.owe(*a_row_of_bookings(4))
    gate = asyncio.Event()
    dispatcher = office.open(Scripted(gate, *[Unreachable("refused")] * 3))
    dispatcher.poke()
    await until_true(lambda: office.channel.tries == 4)
    await until(lambda: office.all_in(PENDING, *others))
    wait(1.0)
    office.clock.pass_by(timedelta(seconds=1))
    dispatcher.poke()
    await until(lambda: office.all_in(SENT, *others))
    assert await office.all_in(MessageState.LEASED, hanging)
    gate.set()


async def test_while_bookings_wait_one_mail_is_under_way_besides_those_that_hang(
    office: Office, wait
):
    await office.owe(*a_row_of_bookings(4))
    gate = asyncio.Event()
    dispatcher = office.open(Scripted(*[gate] * 4))
    dispatcher._busy = lambda: True
    for under_way in (1, 2, 3):
        dispatcher.poke()
        await until_true(lambda under_way=under_way: office.channel.under_way >= under_way)
        for _ in range(3):
            await office.looked()
        assert office.channel.under_way == under_way
        wait(HANGS)
    gate.set()


@pytest.mark.parametrize("act", [Deferred("450"), Rejected("550"), Uncertain("lost")])
async def test_a_relay_that_answers_is_back_whatever_it_answers(
    office: Office, wait, act: Exception
):
    messages = await office.owe(*a_row_of_bookings(4))
    gate = asyncio.Event()
    dispatcher = office.open(Scripted(*[Unreachable("refused")] * 4, act, gate, gate, gate))
    dispatcher.poke()
    await until_true(lambda: office.channel.tries == 4)
    await until(lambda: office.all_in(PENDING, *messages))
    wait(1.0)
    office.clock.pass_by(timedelta(seconds=1))
    dispatcher.poke()
    await until_true(lambda: office.channel.under_way == 3)
    gate.set()


async def test_one_mail_at_which_the_relay_hangs_up_holds_up_no_other(office: Office, wait):
    bookings = a_row_of_bookings(3)
    await office.owe(bookings[0], recipient="poison@example.org")
    script = {"RCPT_TO:<poison@example.org>": ["421 4.7.0 go away"] * 50}
    async with scripted_relay(**script) as server:
        office.open(EmailChannel(relay(server.port)))
        await office.idle()
        others = await office.owe(*bookings[1:])
        for _ in range(8):
            await office.idle()
            wait(30.0)
            office.clock.pass_by(timedelta(seconds=30))
        assert await office.all_in(SENT, *others)
        await office.close()


async def test_no_more_mails_are_under_way_than_may_be(office: Office):
    messages = await office.owe(*a_row_of_bookings(AT_ONCE * 2))
    gate = asyncio.Event()
    office.open(Scripted(*[gate] * len(messages)))
    for _ in range(3):
        await office.looked()
    await until_true(lambda: office.channel.under_way == AT_ONCE)
    gate.set()
    await until(lambda: office.all_in(SENT, *messages))
    assert office.channel.most_under_way == AT_ONCE


async def test_a_message_that_cannot_be_rendered_is_dead_and_says_why(office: Office):
    [bad] = await office.owe(a_booking(), recipient="nobody")
    [good] = await office.owe(a_booking(start=START + 2 * HOUR))
    office.open(Scripted())
    settled = await office.settled(bad)
    assert settled.state is DEAD
    assert "cannot be rendered" in (settled.last_error or "")
    await until(lambda: office.all_in(SENT, good))


async def test_a_fault_that_nobody_foresaw_leaves_no_message_behind(office: Office):
    [message] = await office.owe(a_booking())
    office.open(Scripted(RuntimeError("a fault in the channel")))
    settled = await office.settled(message)
    assert settled.state in {PENDING, DEAD}
    assert "a fault in the channel" in (settled.last_error or "")


async def test_an_address_that_the_channel_cannot_write_leaves_no_message_behind(office: Office):
    [message] = await office.owe(a_booking(email="ada@b\u00fccher.example"))
    async with scripted_relay() as server:
        office.open(EmailChannel(relay(server.port)))
        assert (await office.settled(message)).state in {SENT, DEAD}
        await office.close()


@on_both
@pytest.mark.parametrize("reply", ["550 Empf\udce4nger unbekannt", "550 a\0b", "550 " + "x" * 300])
async def test_no_reply_of_a_relay_leaves_a_message_behind(office: Office, reply: str):
    [message] = await office.owe(a_booking())
    async with scripted_relay(RCPT=reply) as server:
        office.open(EmailChannel(relay(server.port)))
        assert (await office.settled(message)).state is DEAD
        await office.close()


async def test_what_storage_could_not_settle_is_settled_later(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    [message] = await office.owe(a_booking())
    dispatcher = office.open(Scripted())
    commit = office.storage.commit
    refused = 0

    async def out_of_reach(writes: Sequence[Write[Any]]) -> list[Any]:
        nonlocal refused
        if any(isinstance(write, Settle) for write in writes):
            refused += 1
            return [Unavailable() for _ in writes]
        return await commit(writes)

    monkeypatch.setattr(office.storage, "commit", out_of_reach)
    dispatcher.poke()
    await until_true(lambda: refused == 1)
    await office.looked()
    assert refused > 1
    assert (await office.stored(message)).state is MessageState.LEASED
    monkeypatch.undo()
    assert (await office.settled(message)).state is SENT
    assert len(office.channel.sent) == 1


async def test_while_storage_is_out_of_reach_nothing_is_sent_and_then_it_heals(
    office: Office, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    [message] = await office.owe(a_booking())

    async def out_of_reach(writes: Sequence[Write[Any]]) -> list[Any]:
        return [Unavailable() for _ in writes]

    monkeypatch.setattr(office.storage, "commit", out_of_reach)
    office.open(Scripted())
    await office.looked()
    assert office.channel.sent == []
    assert "outbox out of reach" in caplog.text
    monkeypatch.undo()
    assert (await office.settled(message)).state is SENT


async def test_what_was_moved_while_its_reminder_was_under_way_is_settled(office: Office):
    booking = a_booking()
    [reminder] = await office.owe(booking, make=a_reminder, due=NOW)
    gate = asyncio.Event()
    dispatcher = office.open(Scripted(gate))
    dispatcher.poke()
    await until_true(lambda: office.channel.under_way)
    await done(office.storage, change(moved(booking, START + DAY)))
    gate.set()
    await until(lambda: office.all_in(SENT, reminder))
    assert not (await office.storage.booking(booking.id)).reminder_sent


async def test_stopping_waits_for_what_is_under_way_and_settles_it(office: Office):
    [message] = await office.owe(a_booking())
    gate = asyncio.Event()
    dispatcher = office.open(Scripted(gate))
    dispatcher.poke()
    await until_true(lambda: office.channel.under_way)
    closing = asyncio.create_task(office.close())
    await asyncio.sleep(0)
    assert not closing.done()
    gate.set()
    await closing
    assert (await office.stored(message)).state is SENT
    assert office.channel.closed


async def test_stopping_begins_nothing_more(office: Office):
    messages = await office.owe(*a_row_of_bookings(AT_ONCE + 3))
    gate = asyncio.Event()
    dispatcher = office.open(Scripted(*[gate] * AT_ONCE))
    dispatcher.poke()
    await until_true(lambda: office.channel.under_way == AT_ONCE)
    closing = asyncio.create_task(office.close())
    await asyncio.sleep(0)
    gate.set()
    await closing
    assert office.channel.tries == AT_ONCE
    states = [(await office.stored(message)).state for message in messages]
    assert sorted(states) == sorted([SENT] * AT_ONCE + [PENDING] * 3)


async def test_what_does_not_end_in_time_is_given_back(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("schedules.dispatcher.FAREWELL", 0.01)
    [message] = await office.owe(a_booking())
    gate = asyncio.Event()
    dispatcher = office.open(Scripted(gate))
    dispatcher.poke()
    await until_true(lambda: office.channel.under_way)
    await office.close()
    stored = await office.stored(message)
    assert (stored.state, stored.leased_by, stored.attempts) == (PENDING, None, 0)
    gate.set()
    await until_true(lambda: not dispatcher._under_way)


async def test_what_is_claimed_while_stopping_is_sent_and_settled_or_not_begun(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    [message] = await office.owe(a_booking())
    claimed, go_on, gate = asyncio.Event(), asyncio.Event(), asyncio.Event()
    commit = office.storage.commit

    async def slowly(writes: Sequence[Write[Any]]) -> list[Any]:
        outcomes = await commit(writes)
        if isinstance(writes[-1], Claim) and outcomes[-1]:
            claimed.set()
            await go_on.wait()
        return outcomes

    monkeypatch.setattr(office.storage, "commit", slowly)
    dispatcher = office.open(Scripted(gate))
    dispatcher.poke()
    await claimed.wait()
    closing = asyncio.create_task(office.close())
    await asyncio.sleep(0)
    go_on.set()
    await asyncio.sleep(0.05)
    gate.set()
    await closing
    await until_true(lambda: not dispatcher._under_way)
    stored = await office.stored(message)
    assert stored.state is (SENT if office.channel.sent else PENDING)


async def test_a_dispatcher_that_is_stopped_takes_pokes_as_nothing(office: Office):
    dispatcher = office.open(Scripted())
    await office.close()
    dispatcher.poke()


async def test_many_pokes_are_one(office: Office):
    dispatcher = office.open(Scripted())
    for _ in range(1000):
        dispatcher.poke()
    await office.close()


async def test_the_log_tells_of_each_mail_and_of_nobody(
    office: Office, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG, "schedules")
    bookings = a_row_of_bookings(3, name="Canary Bird", email="canary@example.org")
    await office.owe(*bookings)
    script = {
        "RCPT": [
            "450 <canary@example.org> greylisted",
            "550 <canary@example.org> nobody",
            "421 <canary@example.org> too often",
        ]
    }
    async with scripted_relay(**script) as server:
        dispatcher = office.open(EmailChannel(relay(server.port)))
        dispatcher.poke()
        await until_true(lambda: caplog.text.count(" mail ") >= 3)
        await office.close()
    told = [str(vars(record)) for record in caplog.records if record.name.startswith("schedules")]
    assert bookings[0].id in "".join(told)
    assert [line for line in told if "canary" in line.lower()] == []


def test_a_circuit_lets_all_through_while_all_is_well():
    async def all_is_well() -> None:
        circuit = Circuit()
        assert circuit.allows(AT_ONCE) == AT_ONCE
        circuit.works()
        assert circuit.allows(AT_ONCE) == AT_ONCE

    leaping.run(all_is_well())


def test_a_circuit_opens_for_longer_with_every_fault_up_to_half_a_minute():
    async def faults() -> list[float]:
        circuit, pauses = Circuit(), list[float]()
        loop = asyncio.get_running_loop()
        for _ in range(8):
            circuit.fault(Unreachable("refused"))
            begun = loop.time()
            await until_true(lambda: circuit.allows(AT_ONCE), patience=60)
            pauses.append(loop.time() - begun)
            assert circuit.allows(AT_ONCE) == 1
        return pauses

    assert leaping.run(faults()) == pytest.approx([1, 2, 4, 8, 16, 30, 30, 30], abs=0.01)


def test_faults_of_mails_that_began_together_count_as_one():
    async def together() -> None:
        circuit = Circuit()
        for _ in range(AT_ONCE):
            circuit.fault(Unreachable("refused"))
        await asyncio.sleep(1)
        assert circuit.allows(AT_ONCE) == 1

    leaping.run(together())


def test_a_circuit_closes_when_the_relay_works_and_begins_anew():
    async def works() -> None:
        circuit = Circuit()
        for _ in range(4):
            circuit.fault(Unreachable("refused"))
            await asyncio.sleep(30)
        circuit.works()
        assert circuit.allows(AT_ONCE) == AT_ONCE
        circuit.fault(Unreachable("refused"))
        await asyncio.sleep(1)
        assert circuit.allows(AT_ONCE) == 1

    leaping.run(works())
