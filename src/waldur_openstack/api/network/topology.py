"""A tenant as a graph: what it consists of and how that hangs together, as far as our rows know."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, Q
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from waldur_core.rest.serializers import HexUUIDField
from waldur_openstack.models import (
    ExternalNetwork,
    FloatingIP,
    Instance,
    Network,
    NetworkRBACPolicy,
    Port,
    Router,
    SubNet,
    Tenant,
)

# what a node says about the object, besides its name
PROPERTIES: dict[type[Model], tuple[str, tuple[str, ...]]] = {
    Tenant: ("tenant", ("state", "backend_id")),
    Network: ("network", ("state", "backend_id", "type", "mtu", "is_external")),
    SubNet: ("subnet", ("state", "backend_id", "cidr", "gateway_ip", "ip_version")),
    Router: ("router", ("state", "backend_id", "enable_snat", "fixed_ips")),
    Port: ("port", ("state", "backend_id", "mac_address", "fixed_ips", "device_owner", "status")),
    Instance: ("instance", ("state", "backend_id", "runtime_state", "flavor_name")),
    FloatingIP: ("floating_ip", ("state", "backend_id", "address", "external_address", "runtime_state")),
    ExternalNetwork: ("external_network", ("backend_id", "status")),
    NetworkRBACPolicy: ("rbac_share", ("state", "backend_id", "policy_type")),
}
EDGES = (
    "contains", "has_subnet", "has_interface", "gateway", "has_port", "attached_to", "floating_for", "shared_with",
)  # fmt: skip


class NodeSerializer(serializers.Serializer[Any]):
    """`attrs` has one key, `properties`: clients expect a mapping at each."""

    id = serializers.CharField()
    type = serializers.ChoiceField(choices=[name for name, _ in PROPERTIES.values()])
    name = serializers.CharField()
    attrs = serializers.DictField(child=serializers.DictField())
    uuid = HexUUIDField()


class EdgeSerializer(serializers.Serializer[Any]):
    target = serializers.CharField(help_text="Id of a node.")
    kind = serializers.ChoiceField(choices=EDGES)

    def get_fields(self) -> dict[str, serializers.Field]:
        # as an attribute, `source` means something else to a field
        return {"source": serializers.CharField(help_text="Id of a node."), **super().get_fields()}


class TopologySerializer(serializers.Serializer[Any]):
    nodes = NodeSerializer(many=True)
    edges = EdgeSerializer(many=True)


def id_of(obj: Any) -> str:
    return f"{PROPERTIES[type(obj)][0]}:{obj.uuid.hex}"


class Topology:
    """The graph of one tenant, read in nine queries. An edge to what is not in the graph is left out."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.networks = list(tenant.networks.order_by("pk"))
        self.subnets = list(tenant.subnets.order_by("pk"))
        self.routers = list(tenant.routers.order_by("pk"))
        self.ports = list(tenant.ports.order_by("pk"))
        self.instances = list(Instance.objects.filter(tenant=tenant).order_by("pk"))
        self.floating_ips = list(tenant.floatingips.order_by("pk"))
        self.external_networks = list(self._external_networks())
        self.policies = list(
            NetworkRBACPolicy.objects.filter(Q(tenant=tenant) | Q(target_tenant=tenant))
            .select_related("network", "target_tenant")
            .order_by("pk")
        )
        self.nodes: dict[str, dict[str, Any]] = {}
        self.edges: list[dict[str, str]] = []

    def _external_networks(self) -> Iterable[ExternalNetwork]:
        used = {router.external_network_id for router in self.routers}
        used |= {address.backend_network_id for address in self.floating_ips}
        return ExternalNetwork.objects.filter(settings_id=self.tenant.service_settings_id, backend_id__in=used - {""})

    def as_data(self) -> dict[str, Any]:
        self._add_nodes()
        self._add_edges()
        known = self.nodes.keys()
        edges = [edge for edge in self.edges if edge["source"] in known and edge["target"] in known]
        return {"nodes": list(self.nodes.values()), "edges": edges}

    def _add_nodes(self) -> None:
        shared = [policy.network for policy in self.policies]
        targets = [policy.target_tenant for policy in self.policies]
        for obj in (
            self.tenant, *self.networks, *self.subnets, *self.routers, *self.ports, *self.instances,
            *self.floating_ips, *self.external_networks, *self.policies,
        ):  # fmt: skip
            self._add_node(obj)
        for obj in (*shared, *targets):
            # what belongs to others is named, not described
            self.nodes.setdefault(id_of(obj), self._node(obj, ()))

    def _add_node(self, obj: Any) -> None:
        self.nodes[id_of(obj)] = self._node(obj, PROPERTIES[type(obj)][1])

    @staticmethod
    def _node(obj: Any, names: Iterable[str]) -> dict[str, Any]:
        return {
            "id": id_of(obj),
            "type": PROPERTIES[type(obj)][0],
            "name": str(obj),
            "attrs": {"properties": {name: getattr(obj, name) for name in names}},
            "uuid": obj.uuid,
        }

    def _add_edges(self) -> None:
        subnets, ports = _by_pk(self.subnets), _by_pk(self.ports)
        networks = {**_by_pk([policy.network for policy in self.policies]), **_by_pk(self.networks)}
        instances = _by_pk(self.instances)
        routers = {router.backend_id: router for router in self.routers if router.backend_id}
        external = {network.backend_id: network for network in self.external_networks}
        for obj in (*self.networks, *self.routers, *self.instances, *self.floating_ips):
            self._connect(self.tenant, obj, "contains")
        for subnet in self.subnets:
            self._connect(networks.get(subnet.network_id), subnet, "has_subnet")
        for router in self.routers:
            self._connect(router, external.get(router.external_network_id), "gateway")
        for port in self.ports:
            self._connect(port, subnets.get(port.subnet_id) or networks.get(port.network_id), "attached_to")
            self._connect(instances.get(port.instance_id), port, "has_port")
            self._connect(routers.get(port.device_id), port, "has_interface")
        for address in self.floating_ips:
            self._connect(address, ports.get(address.port_id), "floating_for")
        for policy in self.policies:
            self._connect(policy.network, policy, "shared_with")
            self._connect(policy, policy.target_tenant, "shared_with")

    def _connect(self, source: Any, target: Any, kind: str) -> None:
        if source is not None and target is not None:
            self.edges.append({"source": id_of(source), "target": id_of(target), "kind": kind})


def _by_pk(rows: Iterable[Any]) -> dict[Any, Any]:
    return {row.pk: row for row in rows}


class TopologyOfTenant:
    """The action on a tenant that shows how it is wired."""

    @extend_schema(responses=TopologySerializer, filters=False)
    @action(detail=True, pagination_class=None, filterset_class=None)
    def topology(self: Any, request: Request, uuid: str) -> Response:
        """Networks, subnets, routers, ports, servers and addresses as a graph."""
        return Response(TopologySerializer(Topology(self.get_object()).as_data()).data)
