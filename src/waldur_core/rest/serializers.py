"""Serializer bases: hex uuids, absolute links, sparse fields."""

from functools import cached_property
from typing import Any, ClassVar
from uuid import UUID

from django.db import models
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.reverse import reverse

from waldur_core.permissions.visibility import visible_to
from waldur_core.rest.links import parse_link
from waldur_core.rest.representation import Getter, getter_of


class HexUUIDField(serializers.UUIDField):
    """A uuid as 32 hex digits; dashed input is accepted too."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("format", "hex")
        super().__init__(**kwargs)


class SparseFieldsMixin:
    """`?field=a&field=b` keeps only these keys of the outermost object; unknown names are ignored."""

    added_fields: ClassVar[frozenset[str]] = frozenset()  # keys that `to_representation` adds to the declared ones

    def get_fields(self) -> dict[str, serializers.Field]:
        fields: dict[str, serializers.Field] = super().get_fields()  # type: ignore[misc]
        request = self.context.get("request")  # type: ignore[attr-defined]
        if request is None or request.method not in ("GET", "HEAD") or self._is_nested():
            return fields
        wanted = set(request.query_params.getlist("field")) & (fields.keys() | self.added_fields)
        return {name: field for name, field in fields.items() if name in wanted} if wanted else fields

    def _is_nested(self) -> bool:
        root = self.root  # type: ignore[attr-defined]
        return root is not self and getattr(root, "child", None) is not self


def link_to(view_name: str, uuid: UUID, context: Any) -> str:
    """The absolute URL of an object. The pattern is resolved once per answer: lists have hundreds of links."""
    cache = context.setdefault("_links", {})
    if view_name not in cache:
        blank = "0" * 32
        cache[view_name] = reverse(view_name, kwargs={"uuid": blank}, request=context["request"]).split(blank)
    before, after = cache[view_name]
    return f"{before}{uuid.hex}{after}"


@extend_schema_field(OpenApiTypes.URI)
class LinkField(serializers.Field[Any, Any, str, Any]):
    """The absolute URL of the object itself, built from its uuid."""

    def __init__(self, view_name: str, **kwargs: Any) -> None:
        self.view_name = view_name
        super().__init__(source="*", read_only=True, **kwargs)

    def to_representation(self, value: Any) -> str:
        return link_to(self.view_name, value.uuid, self.context)


@extend_schema_field(OpenApiTypes.URI)
class RelatedLinkField(serializers.RelatedField[Any, Any, Any]):
    """A related object as absolute URL. Input: the URL or the bare uuid of an object the caller may see."""

    default_error_messages = {
        "does_not_exist": "There is no such {kind}, or you have no access to it.",
        "incorrect_type": "Give the URL of a {kind}, not {found}.",
        "wrong_link": "This URL does not lead to a {kind}.",
    }

    def __init__(self, view_name: str, **kwargs: Any) -> None:
        self.view_name = view_name
        super().__init__(**kwargs)

    def use_pk_only_optimization(self) -> bool:
        return False

    def to_representation(self, value: Any) -> str:
        return link_to(self.view_name, value.uuid, self.context)

    def to_internal_value(self, data: Any) -> Any:
        queryset = self.get_queryset()
        assert queryset is not None
        kind = str(queryset.model._meta.verbose_name)
        if isinstance(data, dict) and "url" in data:
            data = data["url"]
        if not isinstance(data, str):
            self.fail("incorrect_type", kind=kind, found=type(data).__name__)
        uuid = self._uuid(data, queryset.model)
        found = visible_to(self.context["request"].user, queryset).filter(uuid=uuid).first()
        if found is None:
            self.fail("does_not_exist", kind=kind)
        return found

    def _uuid(self, data: str, model: Any) -> UUID:
        """Several addresses may lead to one kind of object: any of them will do."""
        try:
            link = parse_link(data)
        except ValueError:
            link = None
        if link is None or link.model not in (None, model):
            self.fail("wrong_link", kind=str(model._meta.verbose_name))
        return link.uuid


@extend_schema_field(OpenApiTypes.UUID)
class RelatedUUIDField(RelatedLinkField):
    """A related object as its uuid. Input: the uuid, or the URL of an object the caller may see."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(view_name="", **kwargs)

    def to_representation(self, value: Any) -> str:
        return str(value.uuid.hex)


class Serializer(SparseFieldsMixin, serializers.Serializer[Any]):
    """A plain serializer with sparse fields."""


class ModelSerializer(SparseFieldsMixin, serializers.ModelSerializer[Any]):
    """A model serializer whose uuids are 32 hex digits."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.UUIDField: HexUUIDField,
    }

    @cached_property
    def _getters(self) -> list[tuple[str, Getter]]:
        return [(str(field.field_name), getter_of(field)) for field in self._readable_fields]

    def to_representation(self, instance: Any) -> dict[str, Any]:
        values = ((name, get(instance)) for name, get in self._getters)
        return {name: value for name, value in values if value is not serializers.empty}
