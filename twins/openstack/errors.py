"""Refusals, and the body each service wraps them in."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any


class ApiError(Exception):
    """A refusal. ``type`` is Neutron's exception name; the other services show only the message."""

    def __init__(self, status: int, message: str, type: str = "", retry_after: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type
        self.retry_after = retry_after


def bad_request(message: str, type: str = "BadRequest") -> ApiError:
    return ApiError(400, message, type)


def forbidden(message: str, type: str = "PolicyNotAuthorized") -> ApiError:
    return ApiError(403, message, type)


def not_found(message: str, type: str = "HTTPNotFound") -> ApiError:
    return ApiError(404, message, type)


def conflict(message: str, type: str = "Conflict") -> ApiError:
    return ApiError(409, message, type)


UNAUTHORIZED = "The request you have made requires authentication."
GLANCE_UNAUTHORIZED = (
    "This server could not verify that you are authorized to access the document you requested. Either you "
    "supplied "
    "the wrong credentials (e.g., bad password), or your browser does not understand how to supply the "
    "credentials "
    "required."
)
MALFORMED = {
    "identity": "Expecting to find valid JSON in request body. The server could not comply with the request "
    "since it "
    "is either malformed or otherwise incorrect. The client is assumed to be in error.",
    "network": "Body contains invalid data",
}
NO_ROUTE = "The resource could not be found."
POLICY_TEXT = {
    "identity": "You are not authorized to perform the requested action: {}.",
    "compute": "Policy doesn't allow {} to be performed.",
    "network": "rule:{} is disallowed by policy",
    "block_storage": "Policy doesn't allow {} to be performed.",
    "image": "You are not authorized to complete {} action.",
}
NOVA_NAMES = {
    400: "badRequest",
    401: "unauthorized",
    403: "forbidden",
    404: "itemNotFound",
    405: "badMethod",
    409: "conflictingRequest",
    413: "overLimit",
    415: "badMediaType",
    429: "overLimit",
    501: "notImplemented",
    503: "serviceUnavailable",
}
NEUTRON_TYPES = {
    429: "TooManyExternalRequests",
    500: "HTTPInternalServerError",
    503: "ServiceUnavailable",
}


def policy_refusal(service: str, rule: str) -> ApiError:
    """The 403 a service gives when its policy file says no to ``rule``."""
    return forbidden(POLICY_TEXT[service].format(rule))


def title(status: int) -> str:
    return HTTPStatus(status).phrase


def body_of(service: str, error: ApiError) -> dict[str, Any]:
    """The JSON body of a refusal, shaped as ``service`` shapes it."""
    if error.status == 401 and service == "image":
        return web_error(401, GLANCE_UNAUTHORIZED)
    if error.status == 401:
        return {"error": {"code": 401, "title": "Unauthorized", "message": error.message}}
    if service == "identity":
        return {"error": {"code": error.status, "message": error.message, "title": title(error.status)}}
    if service == "network":
        kind = error.type or NEUTRON_TYPES.get(error.status, "HTTPError")
        return {"NeutronError": {"type": kind, "message": error.message, "detail": ""}}
    if service == "image":
        return web_error(error.status, error.message)
    fault: dict[str, Any] = {"code": error.status, "message": error.message}
    if error.retry_after is not None:
        fault["retryAfter"] = str(error.retry_after)
    return {NOVA_NAMES.get(error.status, "computeFault"): fault}


def web_error(status: int, message: str) -> dict[str, Any]:
    """The body that WebOb makes of an exception nobody renders: Glance, and unknown paths elsewhere."""
    explained = f"{message}\n\n" if "<br />" in message else f"{message}<br /><br />\n\n\n"
    return {
        "message": explained,
        "code": f"{status} {title(status)}",
        "title": title(status),
    }
