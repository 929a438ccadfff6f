"""The steps of an order, spoken through the public client."""

import time
from typing import Any
from uuid import UUID

from waldur_api_client import AuthenticatedClient, Client
from waldur_api_client.api.api_auth import api_auth_password
from waldur_api_client.api.marketplace_orders import marketplace_orders_create, marketplace_orders_retrieve
from waldur_api_client.api.marketplace_resources import marketplace_resources_terminate
from waldur_api_client.models.obtain_auth_token_request import ObtainAuthTokenRequest
from waldur_api_client.models.order_create_request import OrderCreateRequest
from waldur_api_client.models.order_state import OrderState
from waldur_api_client.models.resource_terminate_request import ResourceTerminateRequest

from examples.journal import Journal

FINISHED = (OrderState.DONE, OrderState.ERRED, OrderState.CANCELED, OrderState.REJECTED)
POLL_SECONDS = 0.3


class Failed(Exception):
    """Something did not go as ordered."""


def log_in(url: str, username: str, password: str) -> AuthenticatedClient:
    """A client that carries the user's token."""
    credentials = ObtainAuthTokenRequest(username=username, password=password)
    answer = api_auth_password.sync(client=Client(base_url=url), body=credentials)
    token = getattr(answer, "token", None)
    if token is None:
        raise Failed(f"{username} cannot sign in: {answer}")
    return AuthenticatedClient(base_url=url, token=token, prefix="Token")


def first(items: list[Any] | None, what: str) -> Any:
    if not items:
        raise Failed(f"There is no {what}.")
    return items[0]


def order(client: AuthenticatedClient, journal: Journal, **fields: Any) -> Any:
    """Place an order and follow it to its end; returns the finished order."""
    placed: Any = marketplace_orders_create.sync(client=client, body=OrderCreateRequest(**fields))
    return follow(client, journal, placed.uuid)


def terminate(client: AuthenticatedClient, journal: Journal, resource: UUID, attributes: dict[str, Any]) -> Any:
    body = ResourceTerminateRequest.from_dict({"attributes": attributes})
    answer = marketplace_resources_terminate.sync(resource, client=client, body=body)
    return follow(client, journal, answer.order_uuid)


def follow(client: AuthenticatedClient, journal: Journal, order_uuid: UUID) -> Any:
    """Show the progress of an order until it has ended."""
    while True:
        current = marketplace_orders_retrieve.sync(order_uuid, client=client)
        if current.state in FINISHED:
            break
        show_progress(journal, current.additional_properties.get("progress"))
        time.sleep(POLL_SECONDS)
    if current.state != OrderState.DONE:
        raise Failed(f"The order is {current.state.value}: {current.error_message}")
    return current


def follow_operation(client: AuthenticatedClient, journal: Journal, resource_uuid: UUID) -> dict[str, Any]:
    """Show the progress of the latest operation on an object until it has ended."""
    while True:
        found = client.get_httpx_client().get("/api/operations/", params={"resource_uuid": resource_uuid.hex})
        operation: dict[str, Any] = first(found.json(), "operation")
        if operation["state"] not in ("scheduled", "running", "undoing"):
            break
        show_progress(journal, operation["progress"])
        time.sleep(POLL_SECONDS)
    if operation["state"] != "done":
        raise Failed(f"{operation['title']} is {operation['state']}: {operation['error_message']}")
    return operation


def show_progress(journal: Journal, progress: dict[str, Any] | None) -> None:
    if progress:
        journal.say(f"step {progress['current']} of {progress['total']}: {progress['step']}")
