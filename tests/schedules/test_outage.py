"""A relay that is down for days: no mail is lost, and they leave in the order they were due."""

from collections.abc import Callable
from datetime import timedelta

from schedules.channels import Mail, Unreachable
from schedules.dispatcher import AT_ONCE
from storage.interface import MessageFilter
from storage.model import Due, MessageState
from tests.deadlines import until_true
from tests.records import DAY, NOW, START, a_booking, a_message, done, place
from tests.schedules.office import Office

COUNT = 10_000
DOWN = 3 * DAY
STEP = timedelta(hours=1)


class Labels:
    """A renderer that writes no more than the id: a whole mail takes a millisecond."""

    def mail(self, due: Due) -> Mail:
        return Mail(message_id=due.message.id, sender="", recipient="", content=b"")


class Relay:
    """A channel whose relay can be down."""

    def __init__(self) -> None:
        self.down = True
        self.tries = 0
        self.under_way = self.most_under_way = 0
        self.sent: list[str] = []

    async def send(self, mail) -> None:
        self.tries += 1
        self.under_way += 1
        self.most_under_way = max(self.under_way, self.most_under_way)
        self.under_way -= 1
        if self.down:
            raise Unreachable("127.0.0.1:25, SMTPConnectError")
        self.sent.append(mail.message_id)

    async def close(self) -> None: ...


async def owed_over_three_days(office: Office) -> list[str]:
    """Ids of messages in the order of their due times, which is not that of their making."""
    steps = [DOWN / COUNT * ((number * 7919) % COUNT) for number in range(COUNT)]
    bookings = [a_booking(start=START + number * DAY / 24) for number in range(COUNT)]
    messages = [
        a_message(booking, due=NOW + step) for booking, step in zip(bookings, steps, strict=True)
    ]
    await done(office.storage, *map(place, bookings, messages))
    return [message.id for message in sorted(messages, key=lambda message: message.due_at)]


async def test_three_days_without_a_relay(office: Office, wait: Callable[[float], None]):
    owed = await owed_over_three_days(office)
    relay = Relay()
    office.open(relay, Labels())
    while office.clock.now < NOW + DOWN:
        office.clock.pass_by(STEP)
        wait(STEP.total_seconds())
        await office.idle()
    assert DOWN / STEP <= relay.tries <= DOWN / STEP + AT_ONCE
    found = await office.storage.outbox_page(MessageFilter(), limit=COUNT + 1)
    assert {(one.state, one.attempts) for one in found} == {(MessageState.PENDING, 0)}
    relay.down = False
    wait(STEP.total_seconds())
    await office.looked()
    await until_true(lambda: len(relay.sent) == COUNT)
    await office.idle()
    assert len(set(relay.sent)) == COUNT
    places = {message_id: place_ for place_, message_id in enumerate(owed)}
    off = [abs(places[message_id] - place_) for place_, message_id in enumerate(relay.sent)]
    assert max(off) <= AT_ONCE
    states = {one.state for one in await office.storage.outbox_page(MessageFilter(), limit=COUNT)}
    assert states == {MessageState.SENT}
