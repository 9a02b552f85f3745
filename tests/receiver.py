"""Somebody whose webhook is called: a real server that remembers and answers as it is told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks.webhooks import Webhook as Verifier


@dataclass
class Got:
    """One call as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Receiver:
    """Listens on loopback; whatever is posted is got, then answered, in turn by `answers`."""

    answers: list[Answer | web.Response] = field(default_factory=list)
    got: list[Got] = field(default_factory=list)
    port: int = 0
    _runner: Any = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def open(self, port: int = 0) -> "Receiver":
        app = web.Application()
        app.router.add_route("*", "/{any:.*}", self._get)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def close(self) -> None:
        await self._runner.cleanup()

    def verified(self, secret: str) -> list[Any]:
        """What was said, once for each call; each signature is verified by another's code."""
        verifier = Verifier(secret)
        return [verifier.verify(one.body, one.headers) for one in self.got]

    async def _get(self, request: web.Request) -> web.StreamResponse:
        assert request.method == "POST"
        self.got.append(Got(dict(request.headers), await request.read()))
        answer = self.answers.pop(0) if self.answers else web.Response(status=204)
        return answer if isinstance(answer, web.Response) else await answer(request)
