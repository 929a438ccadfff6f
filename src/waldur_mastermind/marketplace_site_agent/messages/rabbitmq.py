"""RabbitMQ as its management plug-in offers it: virtual hosts, users, permissions, queues."""

from typing import Any
from urllib.parse import quote, unquote, urlsplit

import requests
from django.conf import settings
from rest_framework.exceptions import APIException

from waldur_mastermind.marketplace_site_agent.models import AgentQueue

TIMEOUT = 10.0  # seconds, per call
# Nobody listens for long: the agent asks for everything when it comes back, so old messages may go.
ARGUMENTS: dict[str, Any] = {"x-message-ttl": 24 * 3600 * 1000, "x-max-length": 100_000}


class NotConfigured(APIException):
    """There is no RabbitMQ for agents: they poll instead (424)."""

    status_code = 424
    default_code = "not_configured"
    default_detail = (
        "Messages to agents are not configured on this server: set SITE_AGENT_RABBITMQ_MANAGEMENT_URL and a "
        "BROKER_URL of RabbitMQ, or run the agent without stomp_enabled."
    )


class Unreachable(APIException):
    """RabbitMQ does not answer, or refuses (503)."""

    status_code = 503
    default_code = "rabbitmq_unreachable"


class Management:
    """The management interface. Every call may be made twice."""

    def __init__(self) -> None:
        url, amqp = settings.SITE_AGENT["RABBITMQ_MANAGEMENT_URL"], settings.SITE_AGENT["RABBITMQ_AMQP_URL"]
        if not url or not amqp:
            raise NotConfigured
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        self.base = f"{parts.scheme}://{parts.hostname}{port}{parts.path.rstrip('/')}/api"
        self.publisher = unquote(urlsplit(amqp).username or "guest")
        self.session = requests.Session()
        self.session.auth = (unquote(parts.username or "guest"), unquote(parts.password or "guest"))

    def open_queue(self, queue: AgentQueue, password: str) -> None:
        """Make the queue and let the agent, and nobody else, read it with `password`."""
        self.put("vhosts", queue.vhost)
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        self.put("permissions", queue.vhost, self.publisher, **everything)
        self.put("queues", queue.vhost, queue.queue_name, durable=True, arguments=ARGUMENTS)
        self.put("users", queue.rmq_username, password=password, tags="")
        only = f"^{queue.queue_name}$"
        self.put("permissions", queue.vhost, queue.rmq_username, configure="^$", write="^$", read=only)

    def close_queue(self, queue: AgentQueue) -> None:
        """Shut the agent out and drop its queue."""
        self.delete("users", queue.rmq_username)
        for connection in self.call("GET", "connections").json():
            if connection.get("user") == queue.rmq_username:
                self.delete("connections", connection["name"])
        self.delete("queues", queue.vhost, queue.queue_name)

    def put(self, *path: str, **body: Any) -> None:
        self.call("PUT", *path, json=body)

    def delete(self, *path: str) -> None:
        self.call("DELETE", *path)

    def call(self, method: str, *path: str, **kwargs: Any) -> requests.Response:
        url = "/".join((self.base, *(quote(part, safe="") for part in path)))
        try:
            answer = self.session.request(method, url, timeout=TIMEOUT, **kwargs)
        except requests.RequestException as error:
            raise Unreachable(f"RabbitMQ's management does not answer: {type(error).__name__}.") from error
        if answer.status_code >= 400 and not (method == "DELETE" and answer.status_code == 404):
            raise Unreachable(f"RabbitMQ's management refuses to {method} {path[0]}: {answer.status_code}.")
        return answer
