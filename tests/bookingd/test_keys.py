"""API keys: made once, shown once, kept as digests."""

import binascii
import re
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from bookingd import config
from bookingd.config import Environment
from bookingd.keys import digest, new_key, new_secret, well_formed, with_development_keys
from storage.model import Scope
from tests.bookingd.conftest import ADMIN, PUBLIC, a_config
from tests.records import DAY, NOW

WITHOUT = a_config(environment=Environment.DEVELOPMENT, admin_key=None, public_key=None)


MARKS = {
    Scope.ADMIN: "bk_admin_",
    Scope.OPERATOR: "bk_op_",
    Scope.CALENDAR: "bk_cal_",
    Scope.READ_ONLY: "bk_read_",
    Scope.PUBLISHABLE: "bk_pub_",
}


@pytest.mark.parametrize("scope", Scope)
def test_a_secret_says_which_kind_it_is_and_cannot_be_guessed(scope: Scope):
    secrets = {new_secret(scope) for _ in range(100)}
    assert len(secrets) == 100
    pattern = MARKS[scope] + "[0-9A-Za-z]{49}"
    assert all(re.fullmatch(pattern, secret) for secret in secrets)
    assert all(map(well_formed, secrets))


def test_the_checksum_is_what_the_documentation_says():
    alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
    secret = new_secret(Scope.ADMIN)
    value = sum(alphabet.index(digit) * 62**place for place, digit in enumerate(secret[:-7:-1]))
    assert value == binascii.crc32(secret[:-6].encode())
    assert well_formed("bk_pub_" + "0" * 43 + "3kFHPd")


@pytest.mark.parametrize("scope", Scope)
def test_one_wrong_character_or_two_that_changed_places_are_noticed(scope: Scope):
    secret = new_secret(scope)
    for at in range(len(secret)):
        wrong = "a" if secret[at] != "a" else "b"
        assert not well_formed(secret[:at] + wrong + secret[at + 1 :])
        pair = secret[at : at + 2]
        assert pair == pair[::-1] or not well_formed(secret[:at] + pair[::-1] + secret[at + 2 :])


@pytest.mark.parametrize(
    "change",
    [
        str.lower,
        str.upper,
        lambda key: key[:-1],
        lambda key: key + "0",
        lambda key: key + "\n",
        lambda key: key[:0],
        lambda key: key[3:],
        lambda key: key.replace("_admin_", "_pub_"),
    ],
)
def test_a_key_that_is_not_whole_is_no_key(change: Callable[[str], str]):
    assert not well_formed(change(new_secret(Scope.ADMIN)))


def test_of_a_key_only_its_digest_is_kept():
    secret, record = new_key("front desk", Scope.ADMIN, NOW, NOW + DAY)
    assert record.digest == digest(secret)
    assert secret not in repr(record)
    assert (record.name, record.scope) == ("front desk", Scope.ADMIN)
    assert secret.startswith(record.prefix)
    assert len(record.prefix) == len("bk_admin_") + 6
    assert (record.created_at, record.expires_at, record.revoked_at) == (NOW, NOW + DAY, None)


def test_at_a_desk_both_keys_are_made_and_kept(tmp_path: Path):
    file = tmp_path / ".env"
    made = with_development_keys(WITHOUT, file)
    assert made.admin_key
    assert made.public_key
    found = config.load(file)
    assert (found.admin_key, found.public_key) == (made.admin_key, made.public_key)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_keys_that_are_given_stay_as_they_are(tmp_path: Path):
    file = tmp_path / ".env"
    given = a_config()
    assert with_development_keys(given, file) is given
    assert not file.exists()


def test_only_the_missing_one_is_made(tmp_path: Path):
    file = tmp_path / ".env"
    made = with_development_keys(a_config(public_key=None), file)
    assert made.admin_key == ADMIN
    assert made.public_key != PUBLIC
    assert file.read_text().count("\n") == 1


@pytest.mark.parametrize("before", ["BOOKINGD_PORT=8081\n", "BOOKINGD_PORT=8081"])
def test_what_stands_in_the_file_stays_as_it_is(tmp_path: Path, before: str):
    file = tmp_path / ".env"
    file.write_text(before)
    made = with_development_keys(WITHOUT, file)
    found = config.load(file)
    assert (found.port, found.admin_key) == (8081, made.admin_key)


def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path):
    with pytest.raises(OSError, match="directory"):
        with_development_keys(WITHOUT, tmp_path)
