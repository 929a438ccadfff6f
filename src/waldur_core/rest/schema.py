"""The OpenAPI document, from what views declare."""

from typing import Any

from drf_spectacular.openapi import AutoSchema


class Schema(AutoSchema):
    """Knows `request_serializers = {action: class}`: bodies that differ from what is answered."""

    def get_request_serializer(self) -> Any:
        declared = getattr(self.view, "request_serializers", {})
        return declared.get(getattr(self.view, "action", None)) or super().get_request_serializer()
