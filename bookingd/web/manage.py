"""The page on which customers see, move and cancel what they have booked."""

from pathlib import Path

from aiohttp import hdrs, web

from bookingd.api.declare import about, answers, may_fail, open_to
from bookingd.api.errors import ApiError, Code
from bookingd.api.files import served

FOLDER = Path(__file__).parent / "manage"
PAGE = "index.html"
KINDS = {".css": "text/css", ".js": "text/javascript"}
PARTS = tuple(sorted(path.name for path in FOLDER.iterdir() if path.suffix in KINDS))
"""What the page loads."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Content Security Policy (level 3): nothing from elsewhere, in no frame, and text is no script."""


@about(
    "manage",
    "The page behind the link",
    "In English and German. It finds the token in its fragment, which browsers do not send.",
)
@answers(200, None, "The page.", media=("text/html",))
@open_to()
async def page(_request: web.Request) -> web.Response:
    """GET /manage."""
    response = await served(FOLDER / PAGE, "text/html")
    response.headers[hdrs.CONTENT_SECURITY_POLICY] = POLICY
    return response


@about("manage", "A part of the page")
@answers(200, None, "A script or a style.", media=tuple(KINDS.values()))
@may_fail(Code.NOT_FOUND)
@open_to()
async def part(request: web.Request) -> web.Response:
    """GET /manage/{part}."""
    name = request.match_info["part"]
    if name not in PARTS:
        raise ApiError(Code.NOT_FOUND)
    return await served(FOLDER / name, KINDS[Path(name).suffix])
