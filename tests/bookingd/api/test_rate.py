"""The rate limit over HTTP."""

from ipaddress import ip_network

import pytest

from tests.bookingd.api.conftest import Opener, a_body, assert_error
from tests.bookingd.conftest import ADMIN, PUBLIC

LOCAL = (ip_network("127.0.0.0/8"),)


async def test_every_answer_says_how_many_are_left(open_house: Opener):
    house = await open_house(rate_limit="9/minute")
    for left, (method, path, options) in enumerate(
        [
            ("GET", "/api/bookings", {}),
            ("GET", "/api/bookings", {"key": None}),
            ("GET", "/api/nowhere", {}),
            ("POST", "/api/bookings", {"key": PUBLIC, "json": a_body()}),
            ("POST", "/api/bookings", {"key": PUBLIC, "json": {}}),
        ]
    ):
        answer = await house.call(method, path, **options)
        assert answer.headers["RateLimit"].startswith(f'"default";r={8 - left};t=')
        assert answer.headers["RateLimit-Policy"] == '"default";q=9;w=60'


async def test_who_asks_too_often_is_told_when_to_come_back(open_house: Opener):
    house = await open_house(rate_limit="2/minute")
    for _ in range(2):
        assert (await house.call("GET", "/api/bookings")).status == 200
    answer = await house.call("POST", "/api/bookings", json=a_body())
    assert_error(answer, 429, "RATE_LIMITED")
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert await house.written() == (0, 0)


@pytest.mark.parametrize("path", ["/api/health", "/api/health/db"])
async def test_health_is_always_answered(open_house: Opener, path: str):
    house = await open_house(rate_limit="1/minute")
    for _ in range(3):
        assert (await house.call("GET", path, key=None)).status == 200


async def test_without_a_limit_nothing_is_counted(open_house: Opener):
    house = await open_house(rate_limit=None)
    assert "RateLimit" not in (await house.call("GET", "/api/bookings")).headers


async def statuses(open_house: Opener, headers: list[list[tuple[str, str]]], **settings: object):
    house = await open_house(rate_limit="1/minute", **settings)
    return [(await house.call("GET", "/api/bookings", headers=given)).status for given in headers]


def forwarded(*addresses: str) -> list[tuple[str, str]]:
    return [("X-Forwarded-For", address) for address in addresses]


async def test_behind_a_trusted_proxy_each_client_is_counted(open_house: Opener):
    asked = [forwarded("192.0.2.1"), forwarded("192.0.2.2"), forwarded("192.0.2.1")]
    assert await statuses(open_house, asked, trusted_proxies=LOCAL) == [200, 200, 429]


async def test_a_client_whose_address_has_a_zone_or_a_port_is_counted(open_house: Opener):
    asked = [forwarded("fe80::1%eth0"), forwarded("[fe80::1]:443"), forwarded("192.0.2.1:1000")]
    assert await statuses(open_house, asked, trusted_proxies=LOCAL) == [200, 429, 200]


async def test_without_a_trusted_proxy_nobody_chooses_an_address(open_house: Opener):
    asked = [forwarded("192.0.2.1"), forwarded("192.0.2.2")]
    assert await statuses(open_house, asked) == [200, 429]


async def test_behind_a_proxy_that_adds_a_line_nobody_chooses_an_address(open_house: Opener):
    # RFC 9110, section 5.3: several lines of one name are one list. HAProxy adds a line.
    asked = [forwarded("198.51.100.1", "192.0.2.1"), forwarded("198.51.100.2", "192.0.2.1")]
    assert await statuses(open_house, asked, trusted_proxies=LOCAL) == [200, 429]


async def test_who_guesses_keys_is_locked_out_even_with_the_right_one(open_house: Opener):
    house = await open_house(rate_limit="100/minute")
    for _ in range(10):
        assert (await house.call("GET", "/api/bookings", key="wrong")).status == 401
    for key in ("wrong", ADMIN, PUBLIC):
        answer = await house.call("GET", "/api/bookings", key=key)
        assert_error(answer, 429, "RATE_LIMITED")
        assert answer.headers["RateLimit-Policy"] == '"wrong-keys";q=10;w=60'
        assert 1 <= int(answer.headers["Retry-After"]) <= 60


@pytest.mark.parametrize("path", ["/api/health/jobs", "/metrics", "/api/services"])
async def test_keys_are_guessed_nowhere(open_house: Opener, path: str):
    house = await open_house(rate_limit="100/minute")
    for _ in range(10):
        assert (await house.call("GET", path, key="wrong")).status == 401
    assert_error(await house.call("GET", path), 429, "RATE_LIMITED")


async def test_who_shows_no_key_guesses_none(open_house: Opener):
    house = await open_house(rate_limit="100/minute")
    for _ in range(12):
        assert (await house.call("GET", "/api/bookings", key=None)).status == 401
    assert (await house.call("GET", "/api/bookings")).status == 200


async def test_behind_a_trusted_proxy_only_the_guesser_is_locked_out(open_house: Opener):
    house = await open_house(rate_limit="100/minute", trusted_proxies=LOCAL)
    for _ in range(11):
        answer = await house.call("GET", "/api/bookings", key="no", headers=forwarded("192.0.2.1"))
    assert answer.status == 429
    answer = await house.call("GET", "/api/bookings", headers=forwarded("192.0.2.2"))
    assert answer.status == 200
