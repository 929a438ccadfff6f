"""The HTTP side: ``POST /RPC2``, one connection per call, as Xmlrpc-c's Abyss serves it.

The way of a call: log, then darkness and faults, then the session, the parameters, and the method's handler. As in the
daemon a call that has come in is done, whether or not its caller is still there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from twins.inspection import add_routes

from .access.sessions import authenticate
from .calls import STRING, Call, Method
from .cloud import SERVICE, Cloud, LoggedCall
from .errors import NOT_ENOUGH_PARAMETERS, UNKNOWN_METHOD, OneError, RpcFault
from .faults import Fault
from .inspection import ROWS as INSPECTION
from .registry import find_method
from .xmlrpc import read_call, write_failure, write_fault, write_success

PATH = "/RPC2"
HEADERS = {"Server": "Xmlrpc-c_Abyss", "Connection": "close"}
LARGEST_BODY = 64 * 1024 * 1024


class Aborted(Exception):
    """The connection is to be cut without an answer."""


@dataclass(slots=True)
class Exchange:
    """One request: what it calls, with which parameters, and its line of the log."""

    cloud: Cloud
    request: web.Request
    method: str
    parameters: tuple[Any, ...]
    entry: LoggedCall

    @property
    def operation(self) -> str:
        return self.entry.operation


def make_app(cloud: Cloud) -> web.Application:
    async def handle(request: web.Request) -> web.StreamResponse:
        return await logged(cloud, request)

    async def elsewhere(request: web.Request) -> web.StreamResponse:
        return web.Response(status=404, text="Not Found", headers=HEADERS)

    async def not_post(request: web.Request) -> web.StreamResponse:
        return web.Response(status=405, text="Method Not Allowed", headers=HEADERS)

    app = web.Application(client_max_size=LARGEST_BODY)
    add_routes(app, cloud, INSPECTION)
    app.router.add_post(PATH, handle)
    app.router.add_route("*", PATH, not_post)
    app.router.add_route("*", "/{path:.*}", elsewhere)
    return app


async def logged(cloud: Cloud, request: web.Request) -> web.StreamResponse:
    """Read the call, open its line of the log, let it go on, close the line."""
    body = await request.read()
    try:
        name, parameters = read_call(body)
    except RpcFault as fault:
        return _response(write_fault(fault))
    entry = cloud.log(name.removeprefix("one."), request.path, len(body))
    exchange = Exchange(cloud, request, name, parameters, entry)
    try:
        response = await to_the_end(exchange)
    except (Aborted, asyncio.CancelledError) as end:
        entry.lost = True
        if isinstance(end, Aborted) and request.transport is not None:
            request.transport.abort()
            return web.Response(status=503)
        raise
    entry.status = response.status
    entry.bytes_out = len(response.body) if isinstance(response.body, bytes) else 0
    return response


async def to_the_end(exchange: Exchange) -> web.Response:
    """A caller that goes away ends only its own waiting."""
    work = asyncio.ensure_future(struck(exchange))
    work.add_done_callback(lambda done: done.cancelled() or done.exception())
    return await asyncio.shield(work)


async def struck(exchange: Exchange) -> web.Response:
    """Darkness and fault rules; ``hold_after`` and ``lose_reply`` come after the effect."""
    faults, operation, state = exchange.cloud.faults, exchange.operation, exchange.cloud.state
    if SERVICE in faults.dark:
        await faults.wait_in_the_dark(SERVICE)
        raise Aborted
    rules = faults.take(SERVICE, "POST", PATH, operation)
    refusal = await before_effect(exchange, rules)
    if refusal is not None:
        return refusal
    if exchange.cloud.state is not state:
        raise Aborted  # all was reset meanwhile
    response = answer(exchange)
    if any(rule.action == "hold_after" for rule in rules):
        await faults.hold("after", operation, "POST", PATH)
    if any(rule.action == "lose_reply" for rule in rules):
        raise Aborted
    return response


async def before_effect(exchange: Exchange, rules: Iterable[Fault]) -> web.Response | None:
    """What the rules do before the call has any effect; a refusal ends the call."""
    for rule in rules:
        if rule.action == "delay":
            await asyncio.sleep(rule.seconds)
        elif rule.action == "hold_before":
            await exchange.cloud.faults.hold("before", exchange.operation, "POST", PATH)
        elif rule.action == "drop":
            raise Aborted
        elif rule.action == "status":
            return web.Response(status=rule.status, text=rule.message, headers=HEADERS)
        elif rule.action == "error":
            exchange.entry.code = rule.code
            return _response(write_failure(exchange.method, OneError(rule.code, rule.message)))
    return None


def answer(exchange: Exchange) -> web.Response:
    """The answer of the daemon itself, which is HTTP 200 whatever happened."""
    cloud, entry = exchange.cloud, exchange.entry
    cloud.advance()
    revision = cloud.state.revision
    method = find_method(exchange.method)
    try:
        if method is None:
            raise RpcFault(UNKNOWN_METHOD, f"Method '{exchange.method}' not defined")
        found = _call(exchange, method)
        body = write_success(cloud.release.shaped(found) if isinstance(found, str) else found)
    except OneError as error:
        entry.code = error.code
        body = write_failure(_reported(exchange, method), error)
    except RpcFault as fault:
        entry.code = fault.code
        body = write_fault(fault)
    entry.changed = cloud.state.revision != revision
    return _response(body)


def _reported(exchange: Exchange, method: Method | None) -> str:
    return method.reported if method and exchange.cloud.release.reports_old_names else exchange.method


def _call(exchange: Exchange, method: Method) -> int | str:
    if not exchange.parameters:
        raise RpcFault(NOT_ENOUGH_PARAMETERS, "Not enough parameters")
    session = STRING.read(exchange.parameters[0])
    exchange.entry.user = session.partition(":")[0]
    user = authenticate(exchange.cloud, session)
    given = method.read(exchange.parameters[1:])
    return method.handler(Call(exchange.cloud, user, method.name), *given)


def _response(body: bytes) -> web.Response:
    return web.Response(body=body, headers=HEADERS, content_type="text/xml", charset="utf-8")
