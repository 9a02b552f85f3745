"""What is foreseen is no finding; everything else has to stay one."""

from typing import Any

import pytest

from fuzzing.foreseen import foreseen


def refusal(code: str = "VALIDATION_ERROR", **errors: str) -> dict[str, Any]:
    named = [{"field": field, "message": message} for field, message in errors.items()]
    return {"errorCode": code, "errors": named}


@pytest.mark.parametrize(
    "error",
    [
        refusal(phone="Must be a telephone number."),
        refusal(**{"timeSlot.startTime": "Must be in the future."}),
        refusal(**{"serviceIds.12": "Does not exist."}),
        refusal(serviceId="Is needed: there are several.", phone="Must be a telephone number."),
        refusal(dueTo="Must not lie before dueFrom."),
        refusal(to="Must be the day of from or later, of 62 days in all."),
        refusal(url="Must lead to a public address."),
        refusal("STALE_VERSION"),
        refusal("IDEMPOTENCY_MISMATCH"),
    ],
)
def test_what_no_schema_can_say_is_foreseen(error: dict[str, Any]):
    assert foreseen(error)


@pytest.mark.parametrize(
    "error",
    [
        refusal(),
        refusal("MALFORMED_JSON"),
        refusal(name="Must be a telephone number."),
        refusal(phone="Must not be empty."),
        refusal(dueFrom="Must not lie before dueFrom."),
        refusal(url="Must be a URL such as https://hooks.example.com/bookings."),
        refusal(phone="Must be a telephone number.", email="Must be an e-mail address."),
        refusal(**{"timeSlot.duration": "Must be a whole number of minutes, 1 to 1440."}),
        refusal(**{"serviceIds.x": "Does not exist."}),
    ],
)
def test_anything_else_is_a_finding(error: dict[str, Any]):
    assert not foreseen(error)
