"""API keys: made once, shown once, kept as digests."""

import stat
from pathlib import Path

import pytest

from bookingd import config
from bookingd.config import Environment
from bookingd.keys import digest, new_key, new_secret, with_development_keys
from storage.model import Scope
from tests.bookingd.conftest import ADMIN, PUBLIC, a_config
from tests.records import DAY, NOW

WITHOUT = a_config(environment=Environment.DEVELOPMENT, admin_key=None, public_key=None)


def test_a_secret_says_which_kind_it_is_and_cannot_be_guessed():
    for scope, mark in ((Scope.ADMIN, "bk_admin_"), (Scope.PUBLISHABLE, "bk_pub_")):
        secrets = {new_secret(scope) for _ in range(100)}
        assert len(secrets) == 100
        assert all(secret.startswith(mark) and len(secret) > len(mark) + 42 for secret in secrets)


def test_of_a_key_only_its_digest_is_kept():
    secret, record = new_key("front desk", Scope.ADMIN, NOW, NOW + DAY)
    assert record.digest == digest(secret)
    assert secret not in repr(record)
    assert (record.name, record.scope) == ("front desk", Scope.ADMIN)
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
