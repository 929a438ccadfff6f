"""The HTTP side: one aiohttp application for all services.

The way of a request: log, then darkness and faults, then the token, then dispatch to the service's handler.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from twins.inspection import add_routes

from .block_storage.service import SERVICE as BLOCK_STORAGE
from .cloud import Cloud, LoggedCall
from .compute.service import SERVICE as COMPUTE
from .errors import MALFORMED, UNAUTHORIZED, ApiError, bad_request, body_of, policy_refusal
from .faults import Fault
from .identity.service import SERVICE as IDENTITY
from .identity.tokens import authenticate
from .image.service import SERVICE as IMAGE
from .inspection import ROWS as INSPECTION
from .network.service import SERVICE as NETWORK
from .service import Service
from .state import new_id
from .wire import Call, Context, Reply, Route, names_in

SERVICES: tuple[Service, ...] = (COMPUTE, NETWORK, BLOCK_STORAGE, IMAGE, IDENTITY)
HEX_ID = re.compile(r"^[0-9a-f-]{32,36}$")
SAFE = ("GET", "HEAD", "OPTIONS")
READING = ("token.create", "server.get_console", "server.get_console_output")  # by POST, and yet no change
TICK = 0.1  # seconds
LARGEST_BODY = 64 * 1024 * 1024


class Aborted(Exception):
    """The connection is to be cut without an answer."""


@dataclass(slots=True)
class Exchange:
    """One request, the service it is for, and the row of that service's table (None: no such path)."""

    request: web.Request
    service: Service
    call: Call
    route: Route | None
    entry: LoggedCall


def make_app(cloud: Cloud) -> web.Application:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await logged(await begin(cloud, request))

    async def ticking(_: web.Application) -> AsyncIterator[None]:
        """What is due happens without a request, too, where somebody listens."""
        task = asyncio.create_task(tick(cloud))
        yield
        task.cancel()

    app = web.Application(client_max_size=LARGEST_BODY)
    if cloud.emitter is not None:
        app.cleanup_ctx.append(ticking)
    add_routes(app, cloud, INSPECTION)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


async def tick(cloud: Cloud) -> None:
    while True:
        await asyncio.sleep(TICK)
        cloud.advance()


async def begin(cloud: Cloud, request: web.Request) -> Exchange:
    """Find the service and the route, read the body, open a line of the log."""
    service = service_of(request.path)
    path, scope = path_within(service, request.path)
    route, values = service.router.find(request.method, path)
    call = Call(
        cloud=cloud,
        service=service.name,
        method=request.method,
        path=request.path,
        base=f"{request.scheme}://{request.host}",
        context=Context(),
        params=dict(zip(names_in(route.path), values, strict=True)) if route else {},
        query=list(request.query.items()),
        headers=request.headers,
        scope=scope,
    )
    if request.can_read_body and not (route and route.stream):
        call.body = parse(await request.read())
    operation = service.operation_of(call, route)
    mutating = request.method not in SAFE and operation not in READING
    entry = cloud.log(service.name, request.method, request.path_qs, operation, mutating)
    return Exchange(request, service, call, route, entry)


def service_of(path: str) -> Service:
    for service in SERVICES:
        if path == service.prefix or path.startswith(service.prefix + "/"):
            return service
    return IDENTITY


def path_within(service: Service, path: str) -> tuple[str, str]:
    """The path after the service's prefix, and the project's id that it held (``/v3/{project_id}/volumes``).

    ``/`` itself is Keystone's list of versions.
    """
    if not path.startswith(service.prefix):
        return ("/versions" if path == "/" else f"/outside{path}"), ""
    path = path[len(service.prefix) :]
    version = service.version_in_path
    head, _, rest = path.removeprefix(version + "/").partition("/")
    if version and path.startswith(version + "/") and HEX_ID.match(head):
        return f"{version}/{rest}", head
    return path, ""


def parse(data: bytes) -> Any:
    """The JSON in a body; an ellipsis for what is none."""
    try:
        return json.loads(data) if data else None
    except ValueError:
        return ...


async def logged(exchange: Exchange) -> web.StreamResponse:
    """Let the request go on, and close its line of the log."""
    try:
        response = await struck(exchange)
    except (Aborted, asyncio.CancelledError) as end:
        exchange.entry.lost = True
        if isinstance(end, Aborted) and exchange.request.transport is not None:
            exchange.request.transport.abort()
            return web.Response(status=503)
        raise
    exchange.entry.status = response.status
    return response


async def struck(exchange: Exchange) -> web.StreamResponse:
    """Darkness and fault rules; ``hold_after`` and ``lose_reply`` come after the effect."""
    faults, service, entry = exchange.call.cloud.faults, exchange.service, exchange.entry
    if service.name in faults.dark:
        await faults.wait_in_the_dark(service.name)
        raise Aborted
    rules = faults.take(service.name, entry.method, entry.path, entry.operation)
    refusal = await before_effect(exchange, rules)
    if refusal is not None:
        return refusal
    response = await with_token(exchange)
    if any(rule.action == "hold_after" for rule in rules):
        await faults.hold("after", entry.operation, entry.method, entry.path)
    if any(rule.action == "lose_reply" for rule in rules):
        raise Aborted
    return response


async def before_effect(exchange: Exchange, rules: Iterable[Fault]) -> web.Response | None:
    """What the rules do before the call has any effect; a refusal ends the call."""
    service, call, entry = exchange.service, exchange.call, exchange.entry
    for rule in rules:
        if rule.action == "delay":
            await asyncio.sleep(rule.seconds)
        elif rule.action == "hold_before":
            await call.cloud.faults.hold("before", entry.operation, entry.method, entry.path)
        elif rule.action == "drop":
            raise Aborted
        elif rule.action == "status" and rule.body is not None:
            return render(service, call, Reply(rule.status, rule.body))
        elif rule.action == "status":
            return render_error(service, call, ApiError(rule.status, rule.message, retry_after=rule.retry_after))
    return None


async def with_token(exchange: Exchange) -> web.StreamResponse:
    """A token for everything but the public routes; its project must fit the path, its roles the policy."""
    service, call, route = exchange.service, exchange.call, exchange.route
    call.cloud.advance()
    try:
        if not (route.public if route else service.name == "identity"):
            call.context = authenticate(call.cloud, call.headers.get("X-Auth-Token"))
        if call.scope and call.scope != call.project_id:
            raise bad_request("Malformed request url")
        if route is not None and route.policy and not call.is_admin:
            raise policy_refusal(service.name, route.policy)
        return await dispatch(exchange)
    except ApiError as error:
        return render_error(service, call, error)


async def dispatch(exchange: Exchange) -> web.StreamResponse:
    service, call, route = exchange.service, exchange.call, exchange.route
    if route is None:
        return render(service, call, service.no_route(call))
    service.negotiate(call)
    if call.body is ...:
        raise bad_request(MALFORMED.get(service.name, "Malformed request body"), "HTTPBadRequest")
    revision = call.state.revision
    try:
        if route.stream:
            response: web.StreamResponse = await route.handler(call, exchange.request)
            return response
        outcome = handled(exchange, route)
    finally:
        exchange.entry.changed = call.state.revision != revision
    reply = outcome if isinstance(outcome, Reply) else Reply(route.status, outcome)
    return render(service, call, reply)


def handled(exchange: Exchange, route: Route) -> Any:
    """Neutron sends notifications of requests; of other services the emitter hears by what changes."""
    emitter = exchange.call.cloud.emitter
    if emitter is None or exchange.service is not NETWORK:
        return route.handler(exchange.call)
    return emitter.serve(exchange.call, exchange.entry.operation, route.handler)


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
