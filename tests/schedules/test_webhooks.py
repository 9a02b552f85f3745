"""Which calls an event owes, and what they are signed with."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook as Verifier
from standardwebhooks.webhooks import WebhookVerificationError

from schedules.webhooks import (
    Call,
    CallRenderer,
    EventName,
    call_to_test,
    calls_owed,
    event_of,
    new_secret,
    signed,
)
from storage.model import Audience, Due, EventKind, MessageKind
from tests.records import NOW, a_booking, a_message, a_webhook

BOOKING = a_booking(version=3)
KINDS = [EventKind(name.removeprefix("booking.")) for name in EventName]
ALL, SOME, OFF = (
    a_webhook(),
    a_webhook(events=("booking.placed", "booking.no_show")),
    a_webhook(active=False),
)


@pytest.mark.parametrize("kind", KINDS)
def test_each_event_owes_a_call_to_whoever_is_told_of_it(kind: EventKind):
    calls = calls_owed([ALL, SOME, OFF], kind, BOOKING, NOW)
    told = [ALL.id, SOME.id] if kind in {EventKind.PLACED, EventKind.NO_SHOW} else [ALL.id]
    assert [call.recipient for call in calls] == told
    for call in calls:
        assert (call.booking_id, call.version, call.audience) == (BOOKING.id, 3, Audience.WEBHOOK)
        assert (call.due_at, call.next_attempt_at, call.expires_at) == (NOW, NOW, None)
        assert event_of(call) == f"booking.{kind}"
        assert not call.confirms
        assert not call.reminds


def test_a_test_call_is_of_no_booking():
    call = call_to_test(ALL, NOW)
    assert (call.booking_id, call.version, call.recipient) == (None, None, ALL.id)
    assert event_of(call) == "webhook.test"


def test_a_call_says_the_same_at_every_attempt():
    renderer = CallRenderer(lambda *said: repr(said).encode())
    message = a_message(BOOKING, kind=MessageKind.PLACED, audience=Audience.WEBHOOK)
    first = renderer.mail(Due(message, BOOKING))
    again = renderer.mail(Due(replace(message, attempts=7, last_error="500"), BOOKING))
    assert first == again
    assert first.body == repr(("booking.placed", message.created_at, BOOKING)).encode()


def test_a_signature_is_as_standard_webhooks_has_it():
    secret, now = new_secret(), datetime.now(UTC)
    call = Call(ALL.id, "msg", '{"name": "Zoë"}'.encode())
    headers = signed([secret], call, now)
    assert Verifier(secret).verify(call.body, headers) == {"name": "Zoë"}
    assert headers["webhook-id"] == "msg"
    for wrong in (
        (call.body + b" ", headers),
        (call.body, headers | {"webhook-id": "other"}),
        (call.body, signed([secret], call, now - timedelta(minutes=6))),
        (call.body, signed([new_secret()], call, now)),
    ):
        with pytest.raises(WebhookVerificationError):
            Verifier(secret).verify(*wrong)


def test_while_a_secret_is_rolled_either_tells_what_is_genuine():
    now, old, new = datetime.now(UTC), new_secret(), new_secret()
    until = now + timedelta(hours=1)
    webhook = a_webhook(secret=new, old_secret=old, old_secret_until=until)
    call = Call(ALL.id, "msg", b"{}")
    in_time = signed(webhook.secrets(until - timedelta(seconds=1)), call, now)
    late = signed(webhook.secrets(until), call, now)
    assert len(in_time["webhook-signature"].split(" ")) == 2
    for secret in (old, new):
        assert Verifier(secret).verify(call.body, in_time) == {}
    assert Verifier(new).verify(call.body, late) == {}
    with pytest.raises(WebhookVerificationError):
        Verifier(old).verify(call.body, late)


def test_the_documented_example_of_standard_webhooks():
    call = Call("", "msg_p5jXN8AQM9LWM0D4loKWxJek", b'{"test": 2432232314}')
    headers = signed(
        ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], call, datetime.fromtimestamp(1614265330, UTC)
    )
    assert headers == {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }


def test_secrets_are_long_and_differ():
    assert len({new_secret() for _ in range(100)}) == 100
    assert len(new_secret()) == len("whsec_") + 44
