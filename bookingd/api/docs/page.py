"""The documentation of the API, by the API. Nothing of it is loaded before somebody asks."""

import asyncio
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from aiohttp import web

from bookingd.api.context import DOCUMENT
from bookingd.api.declare import about, answers, may_fail, open_to
from bookingd.api.errors import ApiError, Code
from bookingd.api.files import served

OURS = Path(__file__).parent / "swagger"
FILES = {
    "start.js": "text/javascript",
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}
"""What the page loads; all but the first are Swagger UI's."""

KINDS = tuple(dict.fromkeys(FILES.values()))

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
"""Content Security Policy (level 3) of the page: nothing comes from elsewhere."""


@about("docs", "This document", "OpenAPI 3.1, as `bookingd openapi` prints it.")
@answers(200, None, "The document.")
@open_to()
async def document(request: web.Request) -> web.Response:
    """GET /api/docs."""
    made = await asyncio.to_thread(request.app[DOCUMENT])
    return web.Response(body=made, content_type="application/json", charset="utf-8")


@about("docs", "This document to read, and to try", "Swagger UI.")
@answers(200, None, "The page.", media=("text/html",))
@open_to()
async def page(_request: web.Request) -> web.Response:
    """GET /api/docs/ui."""
    response = await served(OURS / "index.html", "text/html")
    response.headers["Content-Security-Policy"] = POLICY
    return response


@about("docs", "A part of the page")
@answers(
    200, None, "A script, a style or an image.", media=sorted(set(FILES.values()), reverse=True)
)
@may_fail(Code.NOT_FOUND)
@open_to()
async def file(request: web.Request) -> web.Response:
    """GET /api/docs/ui/{file}."""
    name = request.match_info["file"]
    if name not in FILES:
        raise ApiError(Code.NOT_FOUND)
    ours = OURS / name
    return await served(ours if ours.exists() else _theirs() / name, FILES[name])


@cache
def _theirs() -> Path:
    """Where swagger-ui-py keeps Swagger UI; the package itself is not loaded."""
    found = find_spec("swagger_ui")
    if found is None or not found.submodule_search_locations:
        raise RuntimeError("swagger-ui-py is not installed")
    return Path(found.submodule_search_locations[0]) / "static"
