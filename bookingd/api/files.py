"""Files that are part of the product, over HTTP."""

import asyncio
from pathlib import Path

from aiohttp import web


async def served(path: Path, kind: str) -> web.Response:
    """The file as a response of this type."""
    body = await asyncio.to_thread(path.read_bytes)
    charset = "utf-8" if kind.startswith("text/") else None
    return web.Response(body=body, content_type=kind, charset=charset)
