"""The OpenAPI document, from what views declare."""

from typing import Any

from django.core.exceptions import FieldDoesNotExist
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ResolvedComponent, append_meta

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


def _columns_of(field: Any) -> list[Any]:
    """The columns and relations of models by which a field gets its value, as far as its source names any."""
    model = getattr(getattr(field.parent, "Meta", None), "model", None)
    found: list[Any] = []
    for part in (field.source or "").split("."):
        try:
            column = model._meta.get_field(part) if model else None
        except FieldDoesNotExist:
            break
        if column is None or column.one_to_many or column.many_to_many:
            break
        found.append(column)
        model = column.related_model
    return found


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

    def _map_serializer_field(self, field: Any, direction: Any, *args: Any, **kwargs: Any) -> Any:
        """Answers show the nulls of the columns they come from, though nobody can write them here."""
        schema = super()._map_serializer_field(field, direction, *args, **kwargs)
        if direction != "response" or not schema:
            return schema
        columns = _columns_of(field)
        if field.default is None or any(getattr(column, "null", False) for column in columns):
            schema = append_meta(schema, {"nullable": True})
        return schema

    def _insert_field_validators(self, field: Any, schema: dict[str, Any]) -> None:
        """A URL that may be left out is shown as an empty string, which is none."""
        super()._insert_field_validators(field, schema)
        columns = _columns_of(field)
        if schema.get("format") == "uri" and columns and getattr(columns[-1], "blank", False):
            del schema["format"]

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            answers = operation["responses"]
            for status in self._refusals(operation):
                answers[status] = self._either(answers.get(status), self._refusal(status))
        return operation

    def _refusals(self, operation: dict[str, Any]) -> list[str]:
        """The statuses by which this endpoint may refuse."""
        parameters = {(parameter["in"], parameter["name"]) for parameter in operation.get("parameters", ())}
        view: Any = self.view
        found = ["401"] if view.access_rule().anonymous else ["401", "403"]
        if any(place == "path" for place, _ in parameters) or ("query", "page") in parameters:
            found.append("404")
        if self.method != "GET" or getattr(self.view, "action", None) not in ("list", "retrieve"):
            found += ["400", "409"]  # the state may forbid it, or the cloud
        elif any(place == "query" for place, _ in parameters):
            found.append("400")
        if "requestBody" in operation:
            found += ["413", "415"]
        return sorted(found)

    def _either(self, declared: dict[str, Any] | None, usual: dict[str, Any]) -> dict[str, Any]:
        """What the view declares for a status, or the usual shape: both occur."""
        if not declared or "content" not in declared:
            return usual
        shapes = [item["schema"] for item in declared["content"].values()]
        schema = {"anyOf": [*shapes, {"$ref": "#/components/schemas/InvalidRequest"}]}
        return {**declared, "content": {"application/json": {"schema": schema}}}

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
