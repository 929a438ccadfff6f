"""`/api/component-user-usage-limits/`: how much single users may use of a resource."""

from decimal import Decimal
from typing import Any

import django_filters
from rest_framework import mixins, serializers

from waldur_core.permissions.access import Holder, InBody, Visible
from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.rest.filters import UUIDFilter
from waldur_core.rest.serializers import LinkField, ModelSerializer, RelatedLinkField, RelatedUUIDField
from waldur_core.rest.views import ReadOnlyViewSet
from waldur_mastermind.marketplace.changes import resource_changed
from waldur_mastermind.marketplace.models import OfferingComponent, Resource
from waldur_mastermind.marketplace_site_agent.models import OfferingUser, UserUsageLimit

LIMIT = Permission.RESOURCE_CONSUMPTION_LIMITATION
MANAGER = Holder(permission=LIMIT, on=("resource.project", "resource.project.customer"))


class ComponentField(RelatedUUIDField):
    """Components have no visibility of their own: `validate` below asks whether it is the resource's offering's."""

    def to_internal_value(self, data: Any) -> Any:
        uuid = self._uuid(str(data), OfferingComponent)
        found = OfferingComponent.objects.filter(uuid=uuid).first()
        if found is None:
            self.fail("does_not_exist", kind="component")
        return found


class AccountField(RelatedLinkField):
    """An account, of whose user only the resource's offering matters: see `validate` below."""

    def to_internal_value(self, data: Any) -> Any:
        found = OfferingUser.objects.filter(uuid=self._uuid(str(data), OfferingUser)).first()
        if found is None:
            self.fail("does_not_exist", kind="offering user")
        return found


class UserUsageLimitSerializer(ModelSerializer):
    url = LinkField("component-user-usage-limit-detail")
    resource = RelatedLinkField(
        "marketplace-resource-detail", queryset=Resource.objects.select_related("project__customer")
    )
    component = ComponentField(queryset=OfferingComponent.objects.all())
    component_type = serializers.CharField(source="component.type", read_only=True)
    user = AccountField("marketplace-offering-user-detail", queryset=OfferingUser.objects.all())
    limit = serializers.DecimalField(max_digits=20, decimal_places=2, min_value=Decimal(0))

    class Meta:
        model = UserUsageLimit
        fields = ("url", "uuid", "created", "modified", "resource", "component", "component_type", "user", "limit")
        validators = ()

    def get_fields(self) -> dict[str, serializers.Field]:
        """Only the amount of a limit can be changed."""
        fields = super().get_fields()
        if self.instance is not None:
            for name in fields.keys() & {"resource", "component", "user"}:
                fields[name].read_only = True
        return fields

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if self.instance is not None:
            return attrs
        resource = attrs["resource"]
        require_permission(self.context["request"].user, LIMIT, [resource.project, resource.project.customer])
        for name in ("component", "user"):
            if attrs[name].offering_id != resource.offering_id:
                raise serializers.ValidationError({name: ["It belongs to another offering than the resource."]})
        known = UserUsageLimit.objects.filter(**{name: attrs[name] for name in ("resource", "component", "user")})
        if known.exists():
            raise serializers.ValidationError({"user": ["This user has a limit on this component already."]})
        return attrs


class UserUsageLimitFilter(django_filters.FilterSet):
    resource_uuid = UUIDFilter(field_name="resource__uuid")
    component_type = django_filters.CharFilter(field_name="component__type")
    username = django_filters.CharFilter(field_name="user__username")

    class Meta:
        model = UserUsageLimit
        fields = ()


class UserUsageLimitViewSet(
    mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, ReadOnlyViewSet
):
    """Limits of single users; the service enforces them."""

    queryset = UserUsageLimit.objects.select_related("resource__project__customer", "component", "user")
    serializer_class = UserUsageLimitSerializer
    filterset_class = UserUsageLimitFilter
    ordering_fields = {"created": "created"}
    access = {
        "list": Visible(),
        "retrieve": Visible(),
        "create": InBody(permission=LIMIT, on="the resource"),
        "update": MANAGER,
        "partial_update": MANAGER,
        "destroy": MANAGER,
    }

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        self._tell(serializer.save())

    def perform_update(self, serializer: serializers.BaseSerializer[Any]) -> None:
        self._tell(serializer.save())

    def perform_destroy(self, instance: UserUsageLimit) -> None:
        instance.delete()
        self._tell(instance)

    @staticmethod
    def _tell(limit: UserUsageLimit) -> None:
        resource_changed.send(sender=Resource, resource=limit.resource)
