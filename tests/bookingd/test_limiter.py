"""How many requests an address may make, and whose address it is."""

from collections.abc import Callable
from ipaddress import ip_network

import pytest

from bookingd.addresses import client_address
from bookingd.limiter import Limiter
from tests.redis import running_redis

PROXIES = tuple(map(ip_network, ("10.0.0.0/8", "fd00::/8")))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.1", "198.51.100.7", "192.0.2.1"),
        ("10.0.0.1", None, "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7, 10.0.0.2", "198.51.100.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", " 198.51.100.7 ,, 10.0.0.2 , ", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7, unknown", "10.0.0.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "\udcff", "10.0.0.1"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("", "198.51.100.7", ""),
        ("::ffff:10.0.0.1", "198.51.100.7", "198.51.100.7"),
        ("10.0.0.1", "198.51.100.7:1000", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.7:1000, 10.0.0.2:80", "198.51.100.7"),
        ("10.0.0.1", "[2001:db8::7]:443", "2001:db8::7"),
        ("10.0.0.1", "[2001:db8::7]", "2001:db8::7"),
        ("10.0.0.1", "198.51.100.7:", "10.0.0.1"),
        ("10.0.0.1", "[]:443", "10.0.0.1"),
        ("10.0.0.1", "fe80::1%eth0", "fe80::1"),
        ("fd00::1%eth0", "198.51.100.7", "198.51.100.7"),
    ],
)
def test_only_what_a_trusted_proxy_wrote_is_believed(peer: str, forwarded: str | None, client: str):
    assert client_address(peer, forwarded, PROXIES) == client


def test_without_proxies_nobody_is_believed():
    assert client_address("10.0.0.1", "198.51.100.7", ()) == "10.0.0.1"


async def left(limiter: Limiter, *addresses: str) -> list[int]:
    return [(await limiter.request(address)).remaining for address in addresses]


async def test_an_address_has_so_many_requests_and_then_none():
    limiter = Limiter("3/minute")
    standings = [await limiter.request("192.0.2.1") for _ in range(5)]
    assert [one.allowed for one in standings] == [True, True, True, False, False]
    assert [one.remaining for one in standings] == [2, 1, 0, 0, 0]
    assert {(one.quota, one.window) for one in standings} == {(3, 60)}
    assert all(1 <= one.reset <= 60 for one in standings)


async def test_each_address_has_its_own():
    assert await left(Limiter("3/minute"), "192.0.2.1", "192.0.2.2", "192.0.2.1") == [2, 2, 1]


async def test_the_first_64_bits_of_an_ipv6_address_are_one_customer():
    assert await left(
        Limiter("9/minute"),
        "2001:db8:1:2::1",
        "2001:db8:1:2:ffff:ffff:ffff:ffff",
        "2001:0db8:0001:0002::9",
        "2001:db8:1:3::1",
    ) == [8, 7, 6, 8]


async def test_the_zone_of_an_address_is_no_part_of_it():
    limiter = Limiter("9/minute")
    assert await left(limiter, "fe80::1%eth0", "fe80::1", "fe80::2%\udcff", "%") == [8, 7, 6, 8]


async def test_an_ipv4_address_in_the_form_of_ipv6_is_the_same_one_and_no_other():
    limiter = Limiter("9/minute")
    assert await left(limiter, "::ffff:192.0.2.1", "::ffff:192.0.2.2", "192.0.2.1") == [8, 8, 7]


async def test_a_caller_without_an_address_is_counted_too():
    assert await left(Limiter("9/minute"), "", "") == [8, 7]


async def test_the_headers_say_how_many_are_left_and_when_to_come_back():
    limiter = Limiter("1/minute")
    good = (await limiter.request("192.0.2.1")).headers
    refused = (await limiter.request("192.0.2.1")).headers
    assert good["RateLimit-Policy"] == refused["RateLimit-Policy"] == '"default";q=1;w=60'
    assert good["RateLimit"].startswith('"default";r=0;t=')
    assert "Retry-After" not in good
    assert 1 <= int(refused["Retry-After"]) <= 60


async def test_ten_wrong_keys_lock_an_address_out_and_no_other():
    limiter = Limiter("100/minute")
    for _ in range(10):
        assert await limiter.locked_out("192.0.2.1") is None
        await limiter.wrong_key("192.0.2.1")
    standing = await limiter.locked_out("192.0.2.1")
    assert standing is not None
    assert not standing.allowed
    assert standing.headers["RateLimit-Policy"] == '"wrong-keys";q=10;w=60'
    assert 1 <= int(standing.headers["Retry-After"]) <= 60
    assert await limiter.locked_out("192.0.2.2") is None


async def test_daemons_that_share_a_server_share_the_limits(
    unused_tcp_port_factory: Callable[[], int],
):
    with running_redis(unused_tcp_port_factory()) as url:
        one, two = Limiter("3/minute", url), Limiter("3/minute", url)
        assert await left(one, "192.0.2.1") + await left(two, "192.0.2.1") == [2, 1]
        for _ in range(10):
            await one.wrong_key("192.0.2.9")
        assert await two.locked_out("192.0.2.9")
        assert await two.locked_out("192.0.2.8") is None
        await one.close()
        await two.close()


async def test_a_limiter_that_nobody_asked_closes_too():
    await Limiter("3/minute", "redis://127.0.0.1:1").close()
