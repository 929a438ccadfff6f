"""Where the notifications of a cloud are, from the options of its offering."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlparse

from waldur_core.structure.models import ServiceSettings

OPTIONS = ("notifications_url", "notifications_exchanges", "notifications_topics", "notifications_queue")
EXCHANGES = ("nova", "cinder", "neutron", "keystone", "openstack")
TOPICS = ("notifications", "versioned_notifications")
QUEUE = "waldur-notifications"
SCHEMES = {"amqp": "amqp", "amqps": "amqps", "rabbit": "amqp"}  # oslo.messaging calls it rabbit
NAME = re.compile(r"^[\w.:-]{1,100}$")
ADVICE = "Give the address of RabbitMQ, such as amqps://waldur:password@rabbit.example.com:5671/vhost."


@dataclass(frozen=True)
class Source:
    """A broker, the exchanges of the services, their topics, and our queue, which all processes share."""

    url: str
    exchanges: tuple[str, ...] = EXCHANGES
    topics: tuple[str, ...] = TOPICS
    queue: str = QUEUE

    @classmethod
    def of(cls, service_settings: ServiceSettings) -> "Source | None":
        """None for a cloud whose notifications nobody has told us to read."""
        options: Mapping[str, Any] = service_settings.secret_options
        if not options.get("notifications_url"):
            return None
        scheme, _, rest = str(options["notifications_url"]).partition("://")
        return cls(
            url=f"{SCHEMES[scheme]}://{rest}",
            exchanges=tuple(options.get("notifications_exchanges") or EXCHANGES),
            topics=tuple(options.get("notifications_topics") or TOPICS),
            queue=options.get("notifications_queue") or QUEUE,
        )


def problems_of(options: Mapping[str, Any]) -> dict[str, list[str]]:
    """What is wrong with the options of an offering, by field."""
    errors = {}
    url = options.get("notifications_url")
    if url and not is_broker(url):
        errors["notifications_url"] = [ADVICE]
    for name in ("notifications_exchanges", "notifications_topics"):
        names = options.get(name) or []
        if not isinstance(names, list) or not all(is_name(item) for item in names):
            errors[name] = ["Give a list of names, such as nova or notifications."]
    queue = options.get("notifications_queue")
    if queue and not is_name(queue):
        errors["notifications_queue"] = ["Give a name of letters, digits, dots, colons, dashes and underscores."]
    return errors


def is_name(value: Any) -> bool:
    return isinstance(value, str) and bool(NAME.match(value))


def is_broker(url: Any) -> bool:
    if not isinstance(url, str) or len(url) > 1000:
        return False
    try:
        parts = urlparse(url)
        return parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # what stands for the port is no number
        return False
