"""The OpenAPI document, from what views declare."""

from typing import Any

from drf_spectacular.openapi import AutoSchema


def declared_serializer(view: Any, action: str | None) -> Any:
    """What the view declares for the action; PATCH takes the body of PUT."""
    declared = getattr(view, "request_serializers", {})
    return declared.get("update" if action == "partial_update" else action)


class Schema(AutoSchema):
    """Knows `request_serializers = {action: class}`: bodies that differ from what is answered; and
    `operation_suffixes = {action: word}`, which tell apart paths that differ by a variable alone.
    """

    def get_operation_id(self) -> str:
        suffix = getattr(self.view, "operation_suffixes", {}).get(getattr(self.view, "action", None))
        return "_".join(filter(None, (super().get_operation_id(), suffix)))

    def get_request_serializer(self) -> Any:
        declared = declared_serializer(self.view, getattr(self.view, "action", None))
        return declared or super().get_request_serializer()
