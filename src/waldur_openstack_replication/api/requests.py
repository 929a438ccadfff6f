"""A migration that is asked for: what it needs is looked up and checked before anything is planned."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError

from waldur_core.permissions.visibility import visible_to
from waldur_core.structure.states import CoreState
from waldur_mastermind.marketplace.api.orders import require_member
from waldur_mastermind.marketplace.models import Offering, Order, Plan, Resource
from waldur_mastermind.marketplace.orders import checks
from waldur_mastermind.marketplace.orders.approval import is_approved_by_asking, may_approve
from waldur_mastermind.marketplace.orders.limits import check_limits
from waldur_mastermind.marketplace.plugins import plugin_for
from waldur_mastermind.marketplace_openstack.limits import quotas
from waldur_openstack.api.identity.creation import require_free_name
from waldur_openstack.models import Tenant
from waldur_openstack_replication.api.mappings import MappingSerializer, as_json, wishes_from
from waldur_openstack_replication.destination import Destination
from waldur_openstack_replication.planning.limits import mapped_limits, sold, unknown_types
from waldur_openstack_replication.rows import Request

TENANT = "OpenStack.Tenant"


class VisibleField(serializers.SlugRelatedField[Any]):
    """An object the caller sees, by its uuid (or its URL)."""

    default_error_messages = {"does_not_exist": "There is no such object, or you have no access to it.",
                              "invalid": "Enter a valid UUID."}  # fmt: skip

    def __init__(self, queryset: Any, **kwargs: Any) -> None:
        super().__init__(slug_field="uuid", queryset=queryset, **kwargs)

    def get_queryset(self) -> Any:
        queryset: Any = super().get_queryset()
        return visible_to(self.context["request"].user, queryset)

    def to_internal_value(self, data: Any) -> Any:
        uuid = serializers.UUIDField().run_validation(str(data).rstrip("/").rpartition("/")[2])
        return super().to_internal_value(uuid)

    def to_representation(self, obj: Any) -> Any:
        return obj.uuid.hex


class MigrationCreateSerializer(serializers.Serializer[Any]):
    """The body of a request. `fingerprint`: of the plan that was looked at; apply nothing else."""

    src_resource = VisibleField(Resource.objects.select_related("project__customer", "offering"))
    dst_offering = VisibleField(Offering.objects.select_related("customer"))
    dst_plan = VisibleField(Plan.objects.select_related("offering"))
    name = serializers.CharField(max_length=64, required=False)
    description = serializers.CharField(max_length=255, required=False, allow_blank=True)
    mappings = MappingSerializer(required=False)
    fingerprint = serializers.RegexField(r"^[0-9a-f]{64}$", required=False)
    accepting_terms_of_service = serializers.BooleanField(default=False)

    def validate_name(self, name: str) -> str:
        if "<" in name or ">" in name:
            raise ValidationError("HTML is not allowed in names.")
        return name

    def validate_src_resource(self, resource: Resource) -> Resource:
        if resource.offering.type != TENANT or not isinstance(resource.scope, Tenant):
            raise ValidationError("This is no OpenStack tenant.")
        if resource.state != Resource.State.OK:
            raise ValidationError(f"The resource is {resource.state}; only one that is OK can be migrated.")
        if not any(resource.limits.values()):
            raise ValidationError("The resource has no limits.")
        return resource

    def validate_dst_offering(self, offering: Offering) -> Offering:
        if offering.type != TENANT:
            raise ValidationError("This offering does not sell OpenStack tenants.")
        service: Any = offering.scope
        if service is None or service.state != CoreState.OK:
            raise ValidationError("The cloud of this offering is not available at present.")
        return offering

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """In the order of the specification: plan, orderable, permissions, and only then the mappings."""
        user, resource, offering = self.context["request"].user, attrs["src_resource"], attrs["dst_offering"]
        checks_of_order(user, resource, offering, attrs["dst_plan"], accepts=attrs["accepting_terms_of_service"])
        name = attrs.get("name") or resource.name
        try:
            require_free_name(offering.scope, name[:64])
        except ValidationError as error:
            raise ValidationError({"name": error.detail}) from error
        tenant = resource.scope
        mappings = attrs.get("mappings") or MappingSerializer().run_validation({})
        wishes = wishes_from(mappings, tenant, offering.scope)
        default_type = tenant.default_volume_type_name
        attrs["asked"] = Request(
            user=user,
            src_resource=resource,
            offering=offering,
            tariff=attrs["dst_plan"],
            name=name[:64],
            description=str(attrs.get("description", resource.description))[:255],
            mappings=as_json(mappings),
            wishes=wishes,
            default_volume_type=wishes.types.get(default_type, default_type),
        )
        return attrs


def checks_of_order(user: Any, resource: Resource, offering: Offering, plan: Plan, *, accepts: bool) -> None:
    """What an order for the destination would have to pass, without one."""
    try:
        checks.check_plan(offering, plan, plugin_for(offering))
    except ValidationError as error:
        raise ValidationError({"dst_plan": error.detail["plan"]}) from error  # type: ignore[call-overload]
    try:
        checks.check_on_sale(offering, Order.Type.CREATE)
    except ValidationError as error:
        raise ValidationError({"dst_offering": error.detail["offering"]}) from error  # type: ignore[call-overload]
    project = resource.project
    require_member(user, project)
    order = Order(type=Order.Type.CREATE, offering=offering, project=project, resource=resource)
    if not (may_approve(order, user) or is_approved_by_asking(order, user)):
        raise ValidationError({"non_field_errors": ["An order of yours for this offering would need the approval of "
                                                    "somebody else. Ask that person to migrate."]})  # fmt: skip
    checks.check_consumer(project)
    checks.check_audience(offering, project)
    checks.check_resource_count(offering, project)
    checks.check_terms(offering, accepts)


def check_new_limits(asked: Request, destination: Destination) -> None:
    """The limits that the new resource would have are possible there."""
    limits = mapped_limits(asked.source_limits, asked.wishes.types, destination.components)
    if missing := unknown_types(limits, destination.volume_types):
        text = f"The destination has no volume type {', '.join(missing)}: say in `volume_types` what it becomes."
        raise ValidationError({"mappings": {"volume_types": [text]}})
    try:
        quotas(sold(limits), asked.offering)
        check_limits(asked.offering, sold(limits))
    except ValidationError as error:
        raise ValidationError({"src_resource": error.detail["limits"]}) from error  # type: ignore[call-overload]
