"""The OpenAPI document (version 3.1), made by apispec of what the handlers declare.

Loaded when somebody asks for the document, and not before.
"""

import inspect
import re
from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any

from aiohttp import web
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from apispec.ext.marshmallow.common import resolve_schema_instance
from apispec.ext.marshmallow.openapi import OpenAPIConverter
from marshmallow import Schema, fields

from bookingd import __version__
from bookingd.api.context import ALL_SEEING
from bookingd.api.declare import Handler, is_unlimited, shows_more
from bookingd.api.docs import wording
from bookingd.api.errors import PROBLEM, ApiError, Code, body
from bookingd.api.present import camel_case
from bookingd.api.refusals import CODES
from bookingd.api.schemas.fields import Several
from bookingd.api.schemas.responses import Booking, Error
from storage.model import Scope

JSON = "application/json"
KEY = "key"
"""The name of the security scheme."""

EVERYWHERE = (
    Code.VALIDATION_ERROR,
    Code.INTERNAL_ERROR,
    Code.SERVICE_UNAVAILABLE,
    Code.REQUEST_TIMEOUT,
)
WITH_LIMIT = (Code.RATE_LIMITED,)
WITH_BODY = (
    Code.MALFORMED_JSON,
    Code.REQUEST_TIMEOUT_CLIENT,
    Code.PAYLOAD_TOO_LARGE,
    Code.UNSUPPORTED_MEDIA_TYPE,
)
WITH_KEY = (Code.UNAUTHORIZED, Code.FORBIDDEN)

EXAMPLES: Mapping[Code, Mapping[str, Any]] = {
    Code.VALIDATION_ERROR: {
        "errors": [{"field": "email", "message": "Must be an e-mail address."}]
    },
    **{code: {"nextAvailable": [Booking.example["timeSlot"]]} for code in CODES},
}
"""What an example has besides what every error has."""


def document(app: web.Application) -> dict[str, Any]:
    """The document of every route of `app`."""
    spec = _empty()
    for route in app.router.routes():
        if route.resource is not None and route.method not in {"HEAD", "OPTIONS"}:
            path = route.resource.canonical
            operation = _operation(spec, route.handler, path)
            spec.path(path=path, operations={route.method.lower(): operation})
    return spec.to_dict()


def _empty() -> APISpec:
    """The document without operations."""
    plugin = MarshmallowPlugin()
    plugin.Converter = _Converter
    spec = APISpec(
        title="bookingd",
        version=__version__,
        openapi_version="3.1.0",
        plugins=[plugin],
        info={"description": wording.DESCRIPTION, "license": {"name": "MIT", "identifier": "MIT"}},
        servers=[{"url": "/", "description": "Where this document comes from."}],
        tags=[{"name": name, "description": text} for name, text in wording.TAGS.items()],
    )
    spec.components.security_scheme(KEY, wording.KEYS)
    for name, header in wording.TAKEN.items():
        spec.components.parameter(name, "header", dict(header))
    for name, header in wording.GIVEN.items():
        spec.components.header(name, dict(header))
    return spec


def _operation(spec: APISpec, handler: Handler, path: str) -> dict[str, Any]:
    said: Mapping[str, Any] = handler.__apispec__  # type: ignore[attr-defined]
    schemas = {taken["location"]: taken["schema"] for taken in said["schemas"]}
    well = {str(status): _response(response) for status, response in said["responses"].items()}
    return {
        "operationId": camel_case(f"{said['tags'][0]}_{handler.__name__}"),
        "tags": said["tags"],
        "summary": said["summary"],
        "description": f"{said['description']}\n\n{_whom(handler)}".strip(),
        "parameters": [
            *_parameters(path, schemas),
            *said["parameters"],
            "X-Request-Id",
            "traceparent",
        ],
        **_request_body(schemas),
        "responses": {**well, **_errors(spec, handler)},
        "security": _security(handler),
    }


def _security(handler: Handler) -> list[dict[str, list[str]]]:
    """The keys that it takes; an empty requirement makes them optional (OpenAPI 3.1, 4.8.30)."""
    if shows_more(handler):
        return [{}, {KEY: []}]
    return [{KEY: [scope.value]} for scope in _scopes(handler)]


def _whom(handler: Handler) -> str:
    if shows_more(handler):
        more = " and ".join(f"`{scope}`" for scope in sorted(ALL_SEEING))
        return f"Open to anybody; keys of the scopes {more} see more."
    if not _scopes(handler):
        return "Open to anybody."
    return "Needs a key: {}.".format(" or ".join(f"`{scope}`" for scope in _scopes(handler)))


def _scopes(handler: Handler) -> list[Scope]:
    return sorted(handler.__scopes__)  # type: ignore[attr-defined]


def _parameters(path: str, schemas: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of the path, which are ids, and those of the query."""
    found: list[dict[str, Any]] = [
        {"in": "path", "name": name, "required": True, "schema": dict(wording.PATH[name])}
        for name in re.findall(r"{(\w+)}", path)
    ]
    if "querystring" in schemas:
        found.append({"in": "query", "schema": schemas["querystring"]})
    return found


def _request_body(schemas: Mapping[str, Any]) -> dict[str, Any]:
    if "json" not in schemas:
        return {}
    content = {"schema": schemas["json"], "example": schemas["json"].example}
    return {"requestBody": {"required": True, "content": {JSON: content}}}


def _response(said: Mapping[str, Any]) -> dict[str, Any]:
    """A response when all is well."""
    content: dict[str, Any] = {"schema": said["schema"] or {}}
    if said["schema"]:
        content["example"] = said["schema"].example
    links = {
        name: {"operationId": name, "parameters": {"id": "$response.body#/id"}}
        for name in said["links"]
    }
    return {
        "description": said["description"],
        "headers": {name: name for name in (*wording.ALWAYS, *said["headers"])},
        "content": {media: content if media == JSON else {"schema": {}} for media in said["media"]},
        **({"links": links} if links else {}),
    }


def _errors(spec: APISpec, handler: Handler) -> dict[str, str]:
    """By status, the response: what may happen everywhere, and what follows from what is said."""
    said: Mapping[str, Any] = handler.__apispec__  # type: ignore[attr-defined]
    has_body = any(taken["location"] == "json" for taken in said["schemas"])
    codes = {
        *EVERYWHERE,
        *(WITH_BODY if has_body else ()),
        *(WITH_KEY if handler.__scopes__ else ()),  # type: ignore[attr-defined]
        *(() if is_unlimited(handler) else WITH_LIMIT),
        *said.get("errors", ()),
    }
    by_status = attrgetter("status")
    in_order = sorted((code for code in Code if code in codes), key=by_status)
    return {
        str(status): _error_response(spec, list(alike))
        for status, alike in groupby(in_order, by_status)
    }


def _error_response(spec: APISpec, codes: Sequence[Code]) -> str:
    """The name of the response with these errors, which share a status."""
    name = "-".join(code.name for code in codes)
    if name not in spec.components.responses:
        status = codes[0].status
        named = (*wording.ALWAYS, *wording.OF_STATUS.get(status, ()))
        examples = {
            code.text: {"summary": code.meaning, "value": _error_example(code)} for code in codes
        }
        response = {
            "description": "\n".join(f"- `{code.text}`: {code.meaning}" for code in codes),
            "headers": {header: header for header in named},
            "content": {
                JSON: {"schema": Error, "examples": examples},
                PROBLEM: {"schema": Error},
            },
        }
        spec.components.response(name, response)
    return name


def _error_example(code: Code) -> dict[str, Any]:
    made = {"timestamp": Booking.example["createdAt"], "requestId": "form-7d0e"}
    return {**body(ApiError(code)), **made, **EXAMPLES.get(code, {})}


class _Converter(OpenAPIConverter):
    """Knows our fields, and takes the descriptions of schemas from their classes."""

    def field2type_and_format(self, field: fields.Field[Any], **options: Any) -> dict[str, Any]:
        if hasattr(field, "json_schema"):
            return dict(field.json_schema)
        return dict(super().field2type_and_format(field, **options))

    def list2param(self, field: fields.Field[Any], **options: Any) -> dict[str, Any]:
        if isinstance(field, Several):
            return {"style": "form", "explode": False}
        return dict(super().list2param(field, **options))

    def schema2jsonschema(self, schema: Schema | type[Schema]) -> dict[str, Any]:
        instance = resolve_schema_instance(schema)
        found: dict[str, Any] = super().schema2jsonschema(instance)  # type: ignore[no-untyped-call]
        return {**found, "description": inspect.cleandoc(type(instance).__doc__ or "")}
