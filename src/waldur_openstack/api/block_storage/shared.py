"""What the endpoints of block storage share: who may, requests about one volume or server, two fields."""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

from django.db.models import QuerySet
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from waldur_core.permissions.access import Access, Holder
from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.rest.serializers import HexUUIDField
from waldur_core.rest.views import Precondition
from waldur_core.structure.extra_fields import extra_fields_of
from waldur_openstack.api.tenant_scope import ActionSerializer, require_ok, resolve_link

MANAGE = Holder(permission=Permission.OPENSTACK_INSTANCE_MANAGE)
MAX_METADATA = 128


def operated(*actions: str) -> dict[str, Access]:
    """The access of actions that are for those who manage servers and their volumes."""
    return dict.fromkeys(actions, MANAGE)


def saved(view: Any, serializer_class: type[ActionSerializer]) -> Any:
    """What the body asks of the object of the URL, validated and begun."""
    serializer = serializer_class(data=view.request.data, context=view.context_of(view.get_object()))
    serializer.is_valid(raise_exception=True)
    return serializer.save()


class SourceSerializer(ActionSerializer):
    """Base of bodies about a volume or server: that of the URL, or the one that the body names as `source_key`."""

    source_key: ClassVar[str]
    sources: ClassVar[QuerySet[Any]]
    conditions: ClassVar[tuple[Precondition, ...]] = ()

    @classmethod
    def for_request(cls, request: Request, context: Mapping[str, Any], permission: str) -> Self:
        """The serializer of a request to the collection: the source, then 403, then 409 by its conditions."""
        data = request.data if isinstance(request.data, dict) else {}
        sources = cls.sources.select_related("tenant", "project__customer").select_for_update(of=("self",))
        obj = resolve_link(data, cls.source_key, sources, context)
        require_permission(request.user, permission, [obj.project, obj.project.customer])
        require_ok(obj.tenant)
        for condition in cls.conditions:
            condition(obj)
        return cls(data=data, context={**context, "object": obj, "tenant": obj.tenant, "user": request.user})


class MetadataField(serializers.DictField):
    """What Cinder takes as metadata: texts of at most 255 characters."""

    child = serializers.CharField(max_length=255, allow_blank=True)

    def to_internal_value(self, data: Any) -> dict[str, str]:
        value: dict[str, str] = super().to_internal_value(data)
        if len(value) > MAX_METADATA or any(not 0 < len(key) <= 255 for key in value):
            raise ValidationError(f"At most {MAX_METADATA} entries, with keys of 1 to 255 characters.")
        return value


class ResourceUUIDField(HexUUIDField):
    """The marketplace resource of a related object, one query per page; left out when there is none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(read_only=True, **kwargs)

    def get_attribute(self, instance: Any) -> Any:
        related: Any = super().get_attribute(instance)
        uuid = related and self._known()[related.pk]["marketplace_resource_uuid"]
        if not uuid:
            raise serializers.SkipField
        return uuid

    def to_representation(self, value: Any) -> str:
        return str(value)

    def _known(self) -> Any:
        """The marketplace fields of all that the objects of this answer are related to."""
        context: Any = self.context
        key = f"_resources_of_{self.source}"
        if key not in context:
            parent: Any = self.parent
            shown = parent.instance if parent.parent is None else parent.parent.instance
            found = [self._related(obj) for obj in (shown if isinstance(shown, list) else [shown])]
            context[key] = extra_fields_of(list({obj.pk: obj for obj in found if obj is not None}.values()))
        return context[key]

    def _related(self, obj: Any) -> Any:
        for attribute in self.source_attrs:
            obj = obj and getattr(obj, attribute)
        return obj
