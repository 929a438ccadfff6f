"""The OpenAPI document, from what views declare."""

from typing import Any

from drf_spectacular.openapi import AutoSchema


class Schema(AutoSchema):
    """Knows `request_serializers = {action: class}`: bodies that differ from what is answered; and
    `operation_suffixes = {action: word}`, which tell apart paths that differ by a variable alone.
    """

    def get_operation_id(self) -> str:
        suffix = getattr(self.view, "operation_suffixes", {}).get(getattr(self.view, "action", None))
        return "_".join(filter(None, (super().get_operation_id(), suffix)))

    def get_request_serializer(self) -> Any:
        declared = getattr(self.view, "request_serializers", {})
        return declared.get(getattr(self.view, "action", None)) or super().get_request_serializer()
