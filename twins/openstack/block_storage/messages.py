"""What Cinder tells the users of a project: why it gave up something that it had accepted.

https://docs.openstack.org/api-ref/block-storage/v3/#messages-messages
"""

from __future__ import annotations

from ..cloud import Cloud
from ..state import Obj, new_id
from ..wire import Call, Route
from .listing import answer, fetch

FILTERS = ("event_id", "message_level", "request_id", "resource_type", "resource_uuid")
SHOWN = ("id", "user_message", *FILTERS, "created_at", "guaranteed_until")


def tell(cloud: Cloud, kind: str, obj: Obj, text: str) -> None:
    cloud.state.add(
        "messages",
        {
            "id": new_id(),
            "project_id": obj["project_id"],
            "user_message": text,
            "event_id": f"{kind}_{kind}_001_001",
            "message_level": "ERROR",
            "request_id": f"req-{new_id()}",
            "resource_type": kind,
            "resource_uuid": obj["id"],
            "created_at": cloud.clock.stamp(),
            "guaranteed_until": None,
        },
    )


def show(message: Obj) -> Obj:
    return {name: message[name] for name in SHOWN}


def list_all(call: Call) -> Obj:
    return answer(call, "messages", "Message", FILTERS, show)


def show_one(call: Call) -> Obj:
    return {"message": show(fetch(call, "messages", call.params["id"], "Message"))}


ROUTES = [
    Route("GET", "/messages", "message.list", list_all),
    Route("GET", "/messages/{id}", "message.show", show_one),
]
