"""A wire between bookingd and PostgreSQL that can be cut, frozen and mended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

PORT = 5432


class Wire:
    """Listens on a socket in `folder` and passes on to the server of `url`."""

    def __init__(self, url: str, folder: Path) -> None:
        parts = urlsplit(url)
        asked = parse_qs(parts.query)
        self._host = asked.get("host", [parts.hostname or "localhost"])[0]
        self._port = parts.port or PORT
        self._socket = folder / f".s.PGSQL.{PORT}"
        self._server: asyncio.Server | None = None
        self._calls: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        user = parts.netloc.rpartition("@")[0]
        self.url = f"postgresql://{user}@{parts.path}?host={folder}&port={PORT}"

    async def mend(self) -> None:
        """Pass everything on."""
        self._flowing.set()
        if self._server is None:
            self._server = await asyncio.start_unix_server(self._call, self._socket)

    def freeze(self) -> None:
        """Pass nothing on, and say nothing."""
        self._flowing.clear()

    async def cut(self) -> None:
        """Hang up on everybody, and take no new calls."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._socket.unlink(missing_ok=True)
        for call in self._calls:
            call.cancel()
        await asyncio.gather(*self._calls, return_exceptions=True)

    async def _call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        call = asyncio.current_task()
        assert call is not None
        self._calls.add(call)
        call.add_done_callback(self._calls.discard)
        try:
            there, back = await self._dial()
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._pass_on(reader, back))
                    group.create_task(self._pass_on(there, writer))
            finally:
                back.transport.abort()
        except asyncio.CancelledError:
            pass  # cut; a stream's handler may not end as cancelled
        finally:
            writer.transport.abort()

    async def _dial(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._host.startswith("/"):
            return await asyncio.open_unix_connection(f"{self._host}/.s.PGSQL.{self._port}")
        return await asyncio.open_connection(self._host, self._port)

    async def _pass_on(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65536):
                await self._flowing.wait()
                sink.write(data)
                await sink.drain()
        sink.transport.abort()


@asynccontextmanager
async def wired(url: str, folder: Path) -> AsyncIterator[Wire]:
    wire = Wire(url, folder)
    await wire.mend()
    try:
        yield wire
    finally:
        await wire.cut()
