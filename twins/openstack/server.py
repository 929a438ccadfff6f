"""The HTTP side: one aiohttp application for all services.

Order of a request: log, then dark and faults, then authentication, then dispatch to the service's handler.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from aiohttp import web

from . import inspection
from .block_storage.service import SERVICE as BLOCK_STORAGE
from .cloud import Cloud, LoggedCall
from .compute.service import SERVICE as COMPUTE
from .errors import MALFORMED, UNAUTHORIZED, ApiError, bad_request, body_of, policy_refusal
from .faults import Fault
from .identity.service import SERVICE as IDENTITY
from .identity.tokens import authenticate
from .image.service import SERVICE as IMAGE
from .network.service import SERVICE as NETWORK
from .service import Service
from .state import new_id
from .wire import Call, Context, Reply, Route, names_in

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]
SERVICES: tuple[Service, ...] = (COMPUTE, NETWORK, BLOCK_STORAGE, IMAGE, IDENTITY)
HEX_ID = re.compile(r"^[0-9a-f-]{32,36}$")
SAFE = ("GET", "HEAD", "OPTIONS")
CLOUD = web.AppKey("cloud", Cloud)


class Aborted(Exception):
    """The connection is to be cut without an answer."""


def make_app(cloud: Cloud) -> web.Application:
    app = web.Application(middlewares=[log_calls, strike_faults, check_token], client_max_size=64 * 1024 * 1024)
    app[CLOUD] = cloud
    inspection.add_routes(app, cloud)
    app.router.add_route("*", "/{path:.*}", dispatch)
    return app


def service_of(path: str) -> Service | None:
    for service in SERVICES:
        if path == service.prefix or path.startswith(service.prefix + "/"):
            return service
    return None


@web.middleware
async def log_calls(request: web.Request, handler: Answer) -> web.StreamResponse:
    """Find the route, keep a line of the log, and run what is due before anything else."""
    if request.path.startswith("/_twin"):
        request.app[CLOUD].advance()
        return await handler(request)
    cloud = request.app[CLOUD]
    service = service_of(request.path) or IDENTITY
    request["service"] = service
    request["call"] = call = make_call(request, cloud, service)
    request["body"] = await read_body(request)
    call.body = parse_body(request["body"], request)
    operation = service.operation_of(call, request["route"])
    mutating = request.method not in SAFE and operation not in ("token.create", "server.get_console")
    entry = cloud.log(service.name, request.method, request.path_qs, operation, mutating)
    request["entry"] = entry
    cloud.advance()
    try:
        response = await handler(request)
    except Aborted:
        entry.lost = True
        abort(request)
        return web.Response(status=503)
    except asyncio.CancelledError:
        entry.lost = True
        raise
    entry.status = response.status
    return response


def make_call(request: web.Request, cloud: Cloud, service: Service) -> Call:
    """The call and, in ``request["route"]``, its row of the service's table (or None)."""
    base = f"{request.scheme}://{request.host}"
    call = Call(cloud, service.name, request.method, request.path, base, Context(), headers=request.headers)
    call.query = list(request.query.items())
    path = path_within(service, request.path)
    if service.version_in_path:
        path, call.scope = take_project(path, service.version_in_path)
    route, values = service.router.find(request.method, path)
    request["route"] = route
    if route is not None:
        call.params = dict(zip(names_in(route.path), values, strict=True))
    return call


def path_within(service: Service, path: str) -> str:
    """The part of a path after the service's prefix. ``/`` itself is Keystone's list of versions."""
    if path.startswith(service.prefix):
        return path[len(service.prefix) :]
    return "/versions" if path == "/" else f"/outside{path}"


def take_project(path: str, version: str) -> tuple[str, str]:
    """Split ``/v3/{project_id}/rest`` into ``/v3/rest`` and the project id, when there is one."""
    head, _, rest = path.removeprefix(version + "/").partition("/")
    if path.startswith(version + "/") and HEX_ID.match(head):
        return f"{version}/{rest}", head
    return path, ""


async def read_body(request: web.Request) -> bytes:
    route: Route | None = request["route"]
    if (route is not None and route.stream) or not request.can_read_body:
        return b""
    return await request.read()


def parse_body(data: bytes, request: web.Request) -> Any:
    if not data:
        return None
    try:
        return json.loads(data)
    except ValueError:
        return ...


@web.middleware
async def strike_faults(request: web.Request, handler: Answer) -> web.StreamResponse:
    """Darkness and fault rules; ``hold_after`` and ``lose_reply`` come after the effect."""
    if request.path.startswith("/_twin"):
        return await handler(request)
    cloud, service = request.app[CLOUD], request["service"]
    if service.name in cloud.faults.dark:
        await cloud.faults.wait_in_the_dark(service.name)
        raise Aborted
    entry: LoggedCall = request["entry"]
    faults = cloud.faults.take(service.name, request.method, request.path_qs, entry.operation)
    if not faults:
        return await handler(request)
    refusal = await before_effect(cloud, entry, faults)
    if refusal is not None:
        return render_error(service, request["call"], refusal)
    response = await handler(request)
    if any(fault.action == "hold_after" for fault in faults):
        await cloud.faults.hold("after", entry.operation, entry.method, entry.path)
    if any(fault.action == "lose_reply" for fault in faults):
        raise Aborted
    return response


async def before_effect(cloud: Cloud, entry: LoggedCall, faults: Iterable[Fault]) -> Reply | ApiError | None:
    """What the faults do before the call has any effect; a refusal ends the call."""
    for fault in faults:
        if fault.action == "delay":
            await asyncio.sleep(fault.seconds)
        elif fault.action == "hold_before":
            await cloud.faults.hold("before", entry.operation, entry.method, entry.path)
        elif fault.action == "drop":
            raise Aborted
        elif fault.action == "status" and fault.body is not None:
            return Reply(fault.status, fault.body)
        elif fault.action == "status":
            return ApiError(fault.status, fault.message, retry_after=fault.retry_after)
    return None


@web.middleware
async def check_token(request: web.Request, handler: Answer) -> web.StreamResponse:
    """A token for everything but the public routes; project scope must fit the path."""
    if request.path.startswith("/_twin"):
        return await handler(request)
    service, call, route = request["service"], request["call"], request["route"]
    try:
        if route is None or not route.public:
            call.context = authenticate(request.app[CLOUD], request.headers.get("X-Auth-Token"))
        if call.scope and call.scope != call.project_id:
            raise ApiError(400, "Malformed request url")
        if route is not None and route.policy and not call.is_admin:
            raise policy_refusal(service.name, route.policy)
        return await handler(request)
    except ApiError as error:
        return render_error(service, call, error)


async def dispatch(request: web.Request) -> web.StreamResponse:
    service: Service = request["service"]
    call: Call = request["call"]
    route: Route | None = request["route"]
    if route is None:
        return render(service, call, service.no_route(call))
    service.negotiate(call)
    if call.body is ...:
        raise bad_request(MALFORMED.get(service.name, "Malformed request body"), "HTTPBadRequest")
    revision = call.state.revision
    try:
        if route.stream:
            return await route.handler(call, request)  # type: ignore[call-arg, no-any-return]
        outcome = route.handler(call)
    finally:
        request["entry"].changed = call.state.revision != revision
    reply = outcome if isinstance(outcome, Reply) else Reply(route.status, outcome)
    return render(service, call, reply)


def render(service: Service, call: Call, reply: Reply) -> web.Response:
    request_id = f"req-{new_id()}"
    headers = {"x-openstack-request-id": request_id, **service.headers(call, request_id), **reply.headers}
    if reply.body is None:
        return web.Response(status=reply.status, headers=headers)
    if isinstance(reply.body, str):
        return web.Response(status=reply.status, headers=headers, text=reply.body, content_type="text/html")
    body = json.dumps(reply.body).encode()
    return web.Response(status=reply.status, headers=headers, body=body, content_type="application/json")


def render_error(service: Service, call: Call, error: ApiError | Reply) -> web.Response:
    if isinstance(error, Reply):
        return render(service, call, error)
    headers = {}
    if error.status == 401:
        headers["WWW-Authenticate"] = f'Keystone uri="{call.base}/v3"'
        error.message = error.message or UNAUTHORIZED
    if error.retry_after is not None:
        headers["Retry-After"] = str(error.retry_after)
    return render(service, call, Reply(error.status, body_of(service.name, error), headers))


def abort(request: web.Request) -> None:
    """Cut the connection as a crashed server or a lost network would."""
    if request.transport is not None:
        request.transport.abort()
