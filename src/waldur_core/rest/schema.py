"""The OpenAPI document, from what views declare."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent

DETAIL = {
    "type": "object",
    "description": "Why the request was refused.",
    "properties": {"detail": {"type": "string"}},
    "required": ["detail"],
}
MESSAGES = {"type": "array", "items": {"type": "string"}}
INVALID = {
    "description": "What is wrong with the request: messages by field (nested as the body is), or of the whole.",
    "anyOf": [
        {"$ref": "#/components/schemas/Error"},
        {
            "type": "object",
            "description": "By field or query parameter; `non_field_errors` for what concerns several.",
            "properties": {"non_field_errors": MESSAGES},
            "additionalProperties": {"anyOf": [MESSAGES, {"type": "object"}, {"type": "array"}]},
        },
        {"type": "array", "description": "Of a body that is a list, item by item.", "items": {}},
    ],
}
REFUSALS = {
    "400": ("BadRequest", "The request is not valid."),
    "401": ("Unauthorized", "Nobody is signed in, or the token is not valid."),
    "403": ("Forbidden", "The user may not do this."),
    "404": ("NotFound", "There is no such object, or the user does not see it; or the list has no such page."),
    "409": ("Conflict", "The object is in a state that does not allow this."),
    "413": ("TooLarge", "The body is too large."),
    "415": ("UnsupportedMediaType", "The body is of a type that the server does not read."),
}


def declared_serializer(view: Any, action: str | None) -> Any:
    """What the view declares for the action; PATCH takes the body of PUT."""
    declared = getattr(view, "request_serializers", {})
    return declared.get("update" if action == "partial_update" else action)


class Schema(AutoSchema):
    """Knows `request_serializers = {action: class}`: bodies that differ from what is answered; and
    `operation_suffixes = {action: word}`, which tell apart paths that differ by a variable alone. Adds to every
    endpoint the answers by which it refuses.
    """

    def get_operation_id(self) -> str:
        suffix = getattr(self.view, "operation_suffixes", {}).get(getattr(self.view, "action", None))
        return "_".join(filter(None, (super().get_operation_id(), suffix)))

    def get_request_serializer(self) -> Any:
        declared = declared_serializer(self.view, getattr(self.view, "action", None))
        return declared or super().get_request_serializer()

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            for status in self._refusals(operation):
                operation["responses"].setdefault(status, self._refusal(status))
        return operation

    def _refusals(self, operation: dict[str, Any]) -> list[str]:
        """The statuses by which this endpoint may refuse."""
        parameters = {(parameter["in"], parameter["name"]) for parameter in operation.get("parameters", ())}
        view: Any = self.view
        found = ["401"] if view.access_rule().anonymous else ["401", "403"]
        if any(place == "path" for place, _ in parameters) or ("query", "page") in parameters:
            found.append("404")
        if self.method != "GET":
            found += ["400", "409"]
        elif any(place == "query" for place, _ in parameters):
            found.append("400")
        if "requestBody" in operation:
            found += ["413", "415"]
        return sorted(found)

    def _refusal(self, status: str) -> dict[str, str]:
        name, description = REFUSALS[status]
        kind, shape = ("InvalidRequest", INVALID) if status == "400" else ("Error", DETAIL)
        content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{kind}"}}}
        self._register("Error", ResolvedComponent.SCHEMA, DETAIL)
        self._register(kind, ResolvedComponent.SCHEMA, shape)
        return self._register(name, ResolvedComponent.RESPONSE, {"description": description, "content": content})

    def _register(self, name: str, kind: str, schema: dict[str, Any]) -> dict[str, str]:
        component = ResolvedComponent(name=name, type=kind, schema=schema, object=name)
        self.registry.register_on_missing(component)
        reference: dict[str, str] = component.ref
        return reference
