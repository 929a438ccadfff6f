"""Scenarios of what changes the network of a server."""

from functools import partial
from typing import Any

from rest_framework.test import APIRequestFactory

from tests.crash.scenarios.stage import Scenario, Stage, begin
from waldur_openstack.api.compute.addresses import (
    AssignFloatingIPSerializer,
    UnassignFloatingIPSerializer,
    change_addresses,
)
from waldur_openstack.api.compute.ports import InstancePortsSerializer
from waldur_openstack.workflows.compute import SetInstanceFloatingIPs


def set_groups(stage: Stage, instance: Any) -> Any:
    group = instance.tenant.securitygroups.exclude(name__in=("default", "ssh")).first()
    return begin("openstack.instance.update_security_groups", security_groups=[group.uuid.hex])(stage, instance)


def set_pairs(stage: Stage, instance: Any) -> Any:
    parameters = {"port": instance.ports.get().uuid.hex, "allowed_address_pairs": [{"ip_address": "10.9.0.0/16"}]}
    return begin("openstack.instance.update_allowed_address_pairs", **parameters)(stage, instance)


def replace_port(stage: Stage, instance: Any) -> Any:
    """Another address: a new port comes, the old one goes."""
    subnet = {"subnet": instance.ports.get().subnet.uuid.hex, "fixed_ips": [{"ip_address": "192.168.42.150"}]}
    return ask(InstancePortsSerializer, stage, instance, ports=[subnet])


def replace_address(stage: Stage, instance: Any) -> Any:
    """A new address instead of the one it has: detached, allocated, attached."""
    (old,), port = instance.floating_ips, instance.ports.get()
    user = stage.cast.owner
    change_addresses(SetInstanceFloatingIPs, instance, user, [(port, None)], [old])
    return instance


def ask(serializer_class: Any, stage: Stage, instance: Any, **body: Any) -> Any:
    request = APIRequestFactory().get("/")
    request.user = stage.cast.owner
    context = {"object": instance, "tenant": instance.tenant, "user": stage.cast.owner, "request": request}
    serializer = serializer_class(data=body, context=context)
    serializer.is_valid(raise_exception=True)
    serializer.save()
    return instance


SCENARIOS = {
    "openstack.instance.update_security_groups": Scenario(Stage.instance, set_groups),
    "openstack.instance.update_allowed_address_pairs": Scenario(Stage.instance, set_pairs),
    "openstack.instance.update_ports": Scenario(Stage.instance, replace_port),
    "openstack.instance.update_floating_ips": Scenario(Stage.instance, replace_address),
    "openstack.instance.assign_floating_ip": Scenario(
        lambda stage: stage.instance(floating_ips=[]), partial(ask, AssignFloatingIPSerializer)
    ),
    "openstack.instance.unassign_floating_ip": Scenario(Stage.instance, partial(ask, UnassignFloatingIPSerializer)),
}
