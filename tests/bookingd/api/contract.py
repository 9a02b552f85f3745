"""Responses held to the OpenAPI document: what is not in it is drift."""

import json
import re
from functools import cache
from http import HTTPStatus
from typing import Any

from aiohttp import web
from jsonschema_rs import Draft202012Validator, Registry

from bookingd.api.docs.openapi import document

ERROR = {"$ref": "#/components/schemas/Error"}
BASE = "urn:bookingd:openapi"
SENTENCE = re.compile(r"[A-Z]((?![.!?] [A-Z]).)*\.")


class Contract:
    """The document, to hold responses to. Of its objects every member has to be known."""

    def __init__(self, app: web.Application) -> None:
        self.document = document(app)
        closed = json.loads(json.dumps(self.document))
        for schema in closed["components"]["schemas"].values():
            schema.setdefault("additionalProperties", False)
        self._registry = Registry([(BASE, closed)])
        self.validator = cache(self._validator)

    def drift(self, request: web.Request, response: web.StreamResponse) -> str | None:
        """What the document does not say of this response; None when all is as it says."""
        if request.method == "OPTIONS":
            return None  # preflights belong to CORS
        return self._wording(response) or self._shape(request, response)

    def _wording(self, response: web.StreamResponse) -> str | None:
        """Every error is one sentence: it begins with a large letter and ends with a full stop."""
        if response.status < HTTPStatus.BAD_REQUEST or not getattr(response, "body", None):
            return None
        error = json.loads(_text(response))
        said = [error["message"], *(one["message"] for one in error["errors"])]
        wrong = [text for text in said if not SENTENCE.fullmatch(text)]
        return f"no sentence: {wrong}" if wrong else None

    def _shape(self, request: web.Request, response: web.StreamResponse) -> str | None:
        route = request.match_info.route
        if request.match_info.http_exception is not None or route.resource is None:
            return self._body(ERROR, response)
        operation = self.operation(request.method, route.resource.canonical)
        said = self.resolved(operation["responses"].get(str(response.status), {}))
        if not said:
            return f"status {response.status} is not documented"
        return (
            self._headers(said, response)
            or self._media(said, response)
            or (None if request.method == "HEAD" else self._content(said, response))
        )

    def operation(self, method: str, path: str) -> dict[str, Any]:
        found: dict[str, Any] = self.document["paths"][path][
            "get" if method == "HEAD" else method.lower()
        ]
        return found

    def resolved(self, part: Any) -> Any:
        """What a reference within the document means."""
        while "$ref" in part:
            found: Any = self.document
            for name in part["$ref"].removeprefix("#/").split("/"):
                found = found[name]
            part = found
        return part

    def _headers(self, said: Any, response: web.StreamResponse) -> str | None:
        for name, header in said["headers"].items():
            if self.resolved(header).get("required") and name not in response.headers:
                return f"there is no header {name}"
        if "ETag" in response.headers and "ETag" not in said["headers"]:
            return "the ETag is not documented"
        return None

    def _media(self, said: Any, response: web.StreamResponse) -> str | None:
        if not said["content"]:
            return "there is a body" if getattr(response, "body", None) else None
        known = response.content_type in said["content"]
        return None if known else f"{response.content_type} is not documented"

    def _content(self, said: Any, response: web.StreamResponse) -> str | None:
        content = said["content"]
        if not content:
            return None
        examples = content.get("application/json", {}).get("examples")
        if examples and (code := json.loads(_text(response))["errorCode"]) not in examples:
            return f"{code} is not documented"
        schema = content[response.content_type]["schema"]
        if not isinstance(response, web.Response):
            return None  # a streamed body is yet to come: tests of its own hold it
        return self._body(schema, response) if schema else None

    def _body(self, schema: Any, response: web.StreamResponse) -> str | None:
        errors = self.validator(schema["$ref"]).iter_errors(json.loads(_text(response)))
        return "; ".join(f"{error.instance_path}: {error.message}" for error in errors) or None

    def _validator(self, ref: str) -> Draft202012Validator:
        return Draft202012Validator(
            {"$ref": BASE + ref}, registry=self._registry, validate_formats=True
        )


def _text(response: web.StreamResponse) -> bytes:
    assert isinstance(response, web.Response)
    assert isinstance(response.body, bytes)
    return response.body


_CONTRACTS: dict[frozenset[str], Contract] = {}


def contract(app: web.Application, required: frozenset[str]) -> Contract:
    """The contract of an application in which these fields are required; made once."""
    if required not in _CONTRACTS:
        _CONTRACTS[required] = Contract(app)
    return _CONTRACTS[required]
