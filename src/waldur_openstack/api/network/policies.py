"""Network RBAC policies: which other tenants may use a network."""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, ClassVar, Self
from uuid import UUID

import django_filters
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.start import start
from waldur_core.permissions.access import InBody
from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.permissions.visibility import visible_to
from waldur_core.rest.errors import Conflict
from waldur_core.rest.filters import LinkFilter, UUIDFilter
from waldur_core.rest.serializers import HexUUIDField, LinkField, ModelSerializer, RelatedLinkField
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack.api.base import ResourceViewSet
from waldur_openstack.api.changing import CHANGEABLE, REMOVABLE, Creates, Deletes, managed
from waldur_openstack.api.tenant_scope import InTenantSerializer, require_ok, require_tenant, resolve_link
from waldur_openstack.models import Network, NetworkRBACPolicy, Port, Tenant
from waldur_openstack.usable import uuid_given_as
from waldur_openstack.workflows.network import CreateNetworkRBACPolicy, DeleteNetworkRBACPolicy

OUTBOUND, INBOUND, ALL = "outbound", "inbound", "all"


class NetworkRBACPolicySerializer(ModelSerializer):
    """`direction` and `target_label` are as seen from the tenant that the list is filtered by, else from the owner."""

    url = LinkField("openstack-network-rbac-policy-detail")
    network = RelatedLinkField("openstack-network-detail", read_only=True)
    network_name = serializers.CharField(source="network.name", read_only=True)
    source_tenant_uuid = HexUUIDField(source="tenant.uuid", read_only=True)
    source_tenant_name = serializers.CharField(source="tenant.name", read_only=True)
    target_tenant = RelatedLinkField("openstack-tenant-detail", read_only=True)
    target_tenant_name = serializers.CharField(source="target_tenant.name", read_only=True)
    target_label = serializers.SerializerMethodField(help_text="The tenant on the other side.")
    direction = serializers.SerializerMethodField()

    class Meta:
        model = NetworkRBACPolicy
        fields = (
            "url", "uuid", "network", "network_name", "source_tenant_uuid", "source_tenant_name", "target_tenant",
            "target_tenant_name", "target_label", "direction", "backend_id", "policy_type", "created", "state",
            "error_message",
        )  # fmt: skip
        read_only_fields = fields

    def get_direction(self, policy: NetworkRBACPolicy) -> str:
        return INBOUND if policy.target_tenant.uuid == self._seen_from else OUTBOUND

    @cached_property
    def _seen_from(self) -> UUID | None:
        query = self.context["request"].query_params
        given = query.get("tenant_uuid") or query.get("tenant")
        return uuid_given_as(given) if given else None

    def get_target_label(self, policy: NetworkRBACPolicy) -> str:
        inbound = self.get_direction(policy) == INBOUND
        return str(policy.tenant.name if inbound else policy.target_tenant.name)


class NetworkRBACPolicyCreateSerializer(InTenantSerializer):
    """Whom to share the network with, and as what. The context holds the `network`."""

    policy_type = serializers.ChoiceField(
        choices=NetworkRBACPolicy.Type.choices, default=NetworkRBACPolicy.Type.SHARED.value
    )

    @classmethod
    def for_request(cls, request: Request, context: Mapping[str, Any], permission: str) -> Self:
        """The body names the network; 403, then 409 unless it and its tenant are OK."""
        data = request.data if isinstance(request.data, dict) else {}
        networks = Network.objects.select_related("tenant__project__customer")
        network = resolve_link(data, "network", networks, context)
        require_permission(request.user, permission, [network.tenant.project, network.tenant.customer])
        require_ok(network.tenant)
        require_state(CoreState.OK)(network)
        return cls(data=data, context={**context, "network": network, "tenant": network.tenant, "user": request.user})

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        target = resolve_link(self.initial_data, "target_tenant", Tenant.objects.all(), self.context)
        if target == self.tenant:
            raise ValidationError({"target_tenant": ["The network belongs to this tenant already."]})
        if target.service_settings_id != self.tenant.service_settings_id:
            raise ValidationError({"target_tenant": ["The tenant is in another cloud."]})
        if not target.backend_id:
            raise ValidationError({"target_tenant": ["The tenant does not exist in the cloud yet."]})
        attrs |= {"network": self.context["network"], "target_tenant": target}
        if NetworkRBACPolicy.objects.filter(**attrs).exists():
            raise ValidationError({"target_tenant": ["The network is shared with this tenant already."]})
        return attrs

    @transaction.atomic
    def create(self, validated: dict[str, Any]) -> NetworkRBACPolicy:
        policy = NetworkRBACPolicy.objects.create(tenant=self.tenant, name=str(validated["network"])[:150], **validated)
        start(CreateNetworkRBACPolicy, policy, user=self.user)
        return policy


class NetworkRBACPolicyFilter(django_filters.FilterSet):
    """`tenant` is on either side, unless `direction` says on which."""

    network = LinkFilter()
    network_uuid = UUIDFilter(field_name="network__uuid")
    policy_type = django_filters.ChoiceFilter(choices=NetworkRBACPolicy.Type.choices)
    target_tenant = LinkFilter()
    target_tenant_uuid = UUIDFilter(field_name="target_tenant__uuid")
    tenant = django_filters.CharFilter(method="skip")
    tenant_uuid = django_filters.UUIDFilter(method="skip")
    direction = django_filters.ChoiceFilter(choices=[(name, name) for name in (ALL, INBOUND, OUTBOUND)], method="skip")

    class Meta:
        model = NetworkRBACPolicy
        fields = ()

    def skip(self, queryset: QuerySet[Any], name: str, value: Any) -> QuerySet[Any]:
        """These three go together: see below."""
        return queryset

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        queryset = super().filter_queryset(queryset)
        data = self.form.cleaned_data
        direction, given = data["direction"] or ALL, [value for value in (data["tenant"], data["tenant_uuid"]) if value]
        for value in given:
            uuid = uuid_given_as(str(value))
            sides = {OUTBOUND: Q(tenant__uuid=uuid), INBOUND: Q(target_tenant__uuid=uuid)}
            queryset = queryset.filter(sides.get(direction, sides[OUTBOUND] | sides[INBOUND]))
        if given or direction == ALL:
            return queryset
        tenants = visible_to(self.request.user, Tenant.objects.all()).values("pk")
        return queryset.filter(**{"tenant__in" if direction == OUTBOUND else "target_tenant__in": tenants})


def require_unused(policy: NetworkRBACPolicy) -> None:
    """409 while the target tenant has ports on the network: the cloud would refuse."""
    ports = Port.objects.filter(network=policy.network_id, tenant=policy.target_tenant_id)
    if policy.policy_type == NetworkRBACPolicy.Type.SHARED and (port := ports.first()):
        raise Conflict(f"Tenant {policy.target_tenant} uses the network: port {port} has to go first.")


class NetworkRBACPolicyViewSet(Creates, Deletes):
    """Networks that tenants share."""

    queryset = NetworkRBACPolicy.objects.select_related(
        "network", "target_tenant", "tenant__project__customer", "project__customer"
    ).order_by("network__name", "pk")
    serializer_class = NetworkRBACPolicySerializer
    workflows = {
        "create": "openstack.network_rbac_policy.create",
    }
    filterset_class = NetworkRBACPolicyFilter
    request_serializers = {"create": NetworkRBACPolicyCreateSerializer}
    delete_workflow = DeleteNetworkRBACPolicy
    access = {
        **ResourceViewSet.base_access,
        "create": InBody(permission=Permission.OPENSTACK_TENANT_MANAGE, on="network"),
        **managed("destroy"),
    }
    preconditions = {"destroy": (*REMOVABLE, require_unused)}

    @extend_schema(request=NetworkRBACPolicyCreateSerializer, responses={201: NetworkRBACPolicySerializer})
    def create(self, request: Request) -> Response:
        """Share a network with another tenant of the same cloud."""
        return super().create(request)


class PoliciesOfNetwork:
    """The older actions on a network that share it and stop sharing it."""

    policy_access: ClassVar = managed("rbac_policy_create", "rbac_policy_delete")
    policy_preconditions: ClassVar = {"rbac_policy_create": CHANGEABLE, "rbac_policy_delete": (require_tenant,)}

    @extend_schema(request=NetworkRBACPolicyCreateSerializer, responses=NetworkRBACPolicySerializer, deprecated=True)
    @action(detail=True, methods=["post"])
    def rbac_policy_create(self: Any, request: Request, uuid: str) -> Response:
        """Share the network with another tenant; the same as POST to the policies."""
        network: Network = self.get_object()
        context = {**self.context_of(network), "network": network}
        serializer = NetworkRBACPolicyCreateSerializer(data=request.data, context=context)
        serializer.is_valid(raise_exception=True)
        return Response(NetworkRBACPolicySerializer(serializer.save(), context=context).data)

    @extend_schema(
        parameters=[OpenApiParameter("rbac_policy_uuid", UUID, "path")], responses={204: None}, deprecated=True
    )
    @action(detail=True, methods=["delete"], url_path=r"rbac_policy_delete/(?P<rbac_policy_uuid>[0-9a-fA-F-]{32,36})")
    def rbac_policy_delete(self: Any, request: Request, uuid: str, rbac_policy_uuid: str) -> Response:
        """Stop sharing the network; the same as DELETE of the policy."""
        network: Network = self.get_object()
        given = uuid_given_as(rbac_policy_uuid)
        policy = NetworkRBACPolicy.objects.filter(network=network, uuid=given).first() if given else None
        if policy is None:
            raise Http404
        for condition in (require_state(CoreState.OK, CoreState.ERRED), require_unused):
            condition(policy)
        start(DeleteNetworkRBACPolicy, policy, user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)


def policies_seen_by(user: Any) -> QuerySet[NetworkRBACPolicy]:
    """For the networks of a list: the policies that concern the user's tenants."""
    policies = NetworkRBACPolicy.objects.select_related("network", "tenant", "target_tenant").order_by("pk")
    return visible_to(user, policies)
