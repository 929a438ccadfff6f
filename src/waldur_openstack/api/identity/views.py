"""Tenants: all that can be asked of them."""

from drf_spectacular.utils import extend_schema
from rest_framework import status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.operations.start import start
from waldur_core.permissions.access import CONSUMER, Holder, InBody, Visible
from waldur_core.permissions.checks import require_permission
from waldur_core.permissions.strings import Permission
from waldur_core.quotas import counters
from waldur_core.structure.models import Project, ServiceSettings
from waldur_core.structure.states import CoreState, require_state
from waldur_openstack.api.base import ResourceFilter, StatusSerializer, related
from waldur_openstack.api.changing import PROVIDER, Updates, managed
from waldur_openstack.api.compute.server_groups import ServerGroupsOfTenant
from waldur_openstack.api.identity.backend import BackendOfTenant
from waldur_openstack.api.identity.changes import (
    TenantPasswordSerializer,
    TenantUpdateSerializer,
    require_tenant_user,
)
from waldur_openstack.api.identity.creation import TenantCreateSerializer, TenantDirectCreateSerializer
from waldur_openstack.api.identity.quotas import TenantQuotasSerializer
from waldur_openstack.api.identity.serializers import QuotaSerializer, TenantSerializer
from waldur_openstack.api.network import NetworksOfTenant, TopologyOfTenant, external_network_ref
from waldur_openstack.api.network.floating_ip_views import FloatingIPsOfTenant
from waldur_openstack.api.pulling import Pulls, PullsOfTenant
from waldur_openstack.api.security import SecurityGroupsOfTenant
from waldur_openstack.api.tenant_scope import resolve_link
from waldur_openstack.models import Tenant
from waldur_openstack.workflows.identity import DeleteTenant
from waldur_openstack.workflows.pulling import PullTenant


class TenantFilter(ResourceFilter):
    class Meta:
        model = Tenant
        fields = ()


class TenantViewSet(
    BackendOfTenant,
    FloatingIPsOfTenant,
    NetworksOfTenant,
    TopologyOfTenant,
    SecurityGroupsOfTenant,
    ServerGroupsOfTenant,
    PullsOfTenant,
    Updates,
    Pulls,
):
    """Projects in a cloud, with their quotas."""

    queryset = related(Tenant.objects.all()).annotate(**external_network_ref("external_network_ref"))
    serializer_class = TenantSerializer
    workflows = {
        "change_password": "openstack.tenant.change_password",
        "create": "openstack.tenant.create",
        "create_floating_ip": "openstack.floating_ip.create",
        "create_network": "openstack.network.create",
        "create_security_group": "openstack.security_group.create",
        "create_server_group": "openstack.server_group.create",
        "destroy": "openstack.tenant.delete",
        "pull_flavors": "openstack.tenant.pull_flavors",
        "pull_floating_ips": "openstack.tenant.pull_floating_ips",
        "pull_images": "openstack.tenant.pull_images",
        "pull_quotas": "openstack.tenant.pull_quotas",
        "pull_security_groups": "openstack.tenant.pull_security_groups",
        "pull_server_groups": "openstack.tenant.pull_server_groups",
        "pull_volume_types": "openstack.tenant.pull_volume_types",
        "push_security_groups": "openstack.tenant.push_security_groups",
        "set_quotas": "openstack.tenant.push_quotas",
    }
    filterset_class = TenantFilter
    request_serializers = {"update": TenantUpdateSerializer, "partial_update": TenantUpdateSerializer}
    pull_workflow = PullTenant
    provider_actions = frozenset({"set_quotas"})
    access = {
        **Pulls.base_access,
        "create": InBody(permission=Permission.OPENSTACK_TENANT_MANAGE, on="project"),
        "destroy": Holder(permission=Permission.ORDER_APPROVE, on=CONSUMER),
        "quotas": Visible(),
        "set_quotas": PROVIDER,
        **managed("update", "partial_update", "change_password"),
        **BackendOfTenant.backend_access,
        **ServerGroupsOfTenant.server_group_access,
        **SecurityGroupsOfTenant.group_access,
        **FloatingIPsOfTenant.address_access,
        **NetworksOfTenant.network_access,
        "topology": Visible(),
        **PullsOfTenant.pull_access,
    }
    preconditions = {
        "destroy": (require_state(CoreState.OK, CoreState.ERRED),),
        "set_quotas": (require_state(CoreState.OK),),
        "update": (require_state(CoreState.OK),),
        "partial_update": (require_state(CoreState.OK),),
        "change_password": (require_state(CoreState.OK), require_tenant_user),
        **ServerGroupsOfTenant.server_group_preconditions,
        **SecurityGroupsOfTenant.group_preconditions,
        **FloatingIPsOfTenant.address_preconditions,
        **NetworksOfTenant.network_preconditions,
        **PullsOfTenant.pull_preconditions,
    }

    @extend_schema(request=TenantDirectCreateSerializer, responses={201: TenantSerializer})
    def create(self, request: Request) -> Response:
        """Create a tenant directly, without an order: for private clouds and providers."""
        data = request.data if isinstance(request.data, dict) else {}
        context = self.get_serializer_context()
        project = resolve_link(data, "project", Project.objects.select_related("customer"), context)
        service = resolve_link(data, "service_settings", ServiceSettings.objects.filter(type="OpenStack"), context)
        require_permission(request.user, Permission.OPENSTACK_TENANT_MANAGE, [project, project.customer])
        if service.shared or service.customer != project.customer:
            require_permission(request.user, Permission.ORDER_APPROVE, [service.customer])
        scope = {"project": project, "service_settings": service, "user": request.user}
        serializer = TenantCreateSerializer(data=data, context={**context, **scope})
        serializer.is_valid(raise_exception=True)
        tenant = serializer.save()
        return Response(self.get_serializer(tenant).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    def destroy(self, request: Request, uuid: str) -> Response:
        """Delete the tenant and everything in it."""
        start(DeleteTenant, self.get_object(), user=request.user)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=QuotaSerializer(many=True), filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def quotas(self, request: Request, uuid: str) -> Response:
        """Limits and usages."""
        return Response(counters.as_list(counters.quotas_of(self.get_object())))

    @extend_schema(request=TenantQuotasSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def set_quotas(self, request: Request, uuid: str) -> Response:
        """Change limits here and in the cloud."""
        return self.ask(TenantQuotasSerializer, "quota update was scheduled")

    @extend_schema(request=TenantPasswordSerializer, responses={202: StatusSerializer})
    @action(detail=True, methods=["post"])
    def change_password(self, request: Request, uuid: str) -> Response:
        """Give the tenant's user a new password."""
        return self.ask(TenantPasswordSerializer, "password update was scheduled")
