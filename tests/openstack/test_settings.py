"""The table of settings (seed: Configuration Reference), one by one: each can be set, and has its effect."""

import json
import os
import subprocess
import sys
from ipaddress import IPv4Network
from typing import Any

import pytest

from tests.factories import Cast, client_of
from tests.openstack.actions import url_of
from tests.openstack.orders import order_instance, order_tenant
from waldur_openstack.api.identity import default_security_groups
from waldur_openstack.api.network.addresses import default_pools
from waldur_openstack.checks import check_settings
from waldur_openstack.models import Instance, Tenant
from waldur_openstack.workflows.identity import blacklisted

pytestmark = pytest.mark.django_db
PUBLIC = (
    "ALLOW_CUSTOMER_USERS_OPENSTACK_CONSOLE_ACCESS",
    "REQUIRE_AVAILABILITY_ZONE",
    "ALLOW_DIRECT_EXTERNAL_NETWORK_CONNECTION",
    "TENANT_CREDENTIALS_VISIBLE",
)
SHOW = (
    "import json; from waldur_core.server import settings as s;"
    "print(json.dumps([s.WALDUR_OPENSTACK, s.WALDUR_MARKETPLACE_OPENSTACK, s.FEATURES]))"
)


def started_with(**environment: str) -> subprocess.CompletedProcess[str]:
    """The settings of a process with this environment."""
    return subprocess.run(
        [sys.executable, "-c", SHOW], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )


def change(settings: Any, **values: Any) -> None:
    settings.WALDUR_OPENSTACK = {**settings.WALDUR_OPENSTACK, **values}


def test_every_setting_comes_from_the_environment() -> None:
    groups = [{"name": "only", "rules": []}]
    flags = dict.fromkeys(PUBLIC[1:], "true") | {PUBLIC[0]: "false", "AUTOMATICALLY_CREATE_PRIVATE_OFFERING": "false"}
    features = dict.fromkeys(
        ("FEATURE_OPENSTACK_HIDE_VOLUME_TYPE_SELECTOR", "FEATURE_OPENSTACK_SHOW_MIGRATIONS"), "true"
    )
    found = started_with(
        **flags,
        **features,
        DEFAULT_SECURITY_GROUPS=json.dumps(groups),
        DEFAULT_BLACKLISTED_USERNAMES="root, admin",
        MAX_CONCURRENT_PROVISION='{"OpenStack.Volume": 9}',
        SUBNET='{"ALLOCATION_POOL_END": "{first_octet}.{second_octet}.{third_octet}.99"}',
    )
    assert found.returncode == 0, found.stderr
    openstack, marketplace, shown = json.loads(found.stdout)
    assert [openstack[name] for name in PUBLIC] == [False, True, True, True]
    assert openstack["DEFAULT_SECURITY_GROUPS"] == groups
    assert openstack["DEFAULT_BLACKLISTED_USERNAMES"] == ["root", "admin"]
    assert openstack["MAX_CONCURRENT_PROVISION"] == {
        "OpenStack.Instance": 4, "OpenStack.Volume": 9, "OpenStack.Snapshot": 4,
    }  # fmt: skip
    assert openstack["SUBNET"]["ALLOCATION_POOL_END"].endswith(".99")
    assert openstack["SUBNET"]["ALLOCATION_POOL_START"].endswith(".10")
    assert marketplace == {"AUTOMATICALLY_CREATE_PRIVATE_OFFERING": False}
    assert shown == {"openstack": {"hide_volume_type_selector": True, "show_migrations": True}}


@pytest.mark.parametrize(
    ("name", "value"), [("SUBNET", "{"), ("SUBNET", "[]"), ("SUBNET", '{"X": 1}'), ("DEFAULT_SECURITY_GROUPS", "{}")]
)
def test_what_cannot_be_read_stops_the_start(name: str, value: str) -> None:
    found = started_with(**{name: value})
    assert found.returncode != 0
    assert name in found.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MAX_CONCURRENT_PROVISION", {"OpenStack.Volume": 0}),
        ("SUBNET", {"ALLOCATION_POOL_START": "x", "ALLOCATION_POOL_END": "y"}),
        ("SUBNET", {"ALLOCATION_POOL_START": "192.168.42.9", "ALLOCATION_POOL_END": "192.168.42.8"}),
        ("DEFAULT_SECURITY_GROUPS", [{"name": "ssh", "rules": [{"protocol": "tls"}]}]),
    ],
)
def test_the_check_finds_what_makes_no_sense(settings: Any, name: str, value: Any) -> None:
    assert check_settings() == []
    change(settings, **{name: value})
    assert [error.msg.partition(":")[0] for error in check_settings()] == [f"WALDUR_OPENSTACK['{name}']"]


def test_public_settings_and_features_are_shown(settings: Any) -> None:
    change(settings, **dict.fromkeys(PUBLIC, True))
    shown = client_of(None).get("/api/configuration/").json()
    assert [shown["WALDUR_OPENSTACK"][name] for name in PUBLIC] == [True] * 4
    assert shown["FEATURES"]["openstack"] == {"hide_volume_type_selector": False, "show_migrations": False}


def test_consoles_are_for_staff_when_customers_have_none(cast: Cast, instance: Instance, settings: Any) -> None:
    change(settings, ALLOW_CUSTOMER_USERS_OPENSTACK_CONSOLE_ACCESS=False)
    path = url_of(instance, "console")
    assert client_of(cast.admin).get(path).status_code == 403
    assert client_of(cast.staff).get(path).status_code == 200
    change(settings, ALLOW_CUSTOMER_USERS_OPENSTACK_CONSOLE_ACCESS=True)
    assert client_of(cast.admin).get(path).status_code == 200


def test_orders_of_servers_follow_the_settings(cast: Cast, tenant: Tenant, settings: Any) -> None:
    change(settings, REQUIRE_AVAILABILITY_ZONE=True)
    with pytest.raises(Exception, match="availability_zone"):
        order_instance(tenant, cast.owner)
    change(settings, REQUIRE_AVAILABILITY_ZONE=False, ALLOW_DIRECT_EXTERNAL_NETWORK_CONNECTION=False)
    with pytest.raises(Exception, match="does not allow direct connections"):
        order_instance(tenant, cast.owner, connect_directly_to_external_network=True)
    change(settings, ALLOW_DIRECT_EXTERNAL_NETWORK_CONNECTION=True)
    instance = order_instance(tenant, cast.owner, connect_directly_to_external_network=True)
    assert instance.ports.filter(name__endswith="-external").exists()


def test_new_tenants_follow_the_settings(cast: Cast, tenant: Tenant, settings: Any) -> None:
    change(settings, DEFAULT_SECURITY_GROUPS=[{"name": "only", "rules": []}], DEFAULT_BLACKLISTED_USERNAMES=["Root"])
    assert [group["name"] for group in default_security_groups()] == ["only"]
    made = order_tenant(tenant.service_settings, cast.project, cast.owner, name="second")
    assert list(made.securitygroups.values_list("name", flat=True)) == ["only"]
    assert (blacklisted("root"), blacklisted("admin")) == (True, False)
    pool = {"ALLOCATION_POOL_START": "{first_octet}.0.0.7", "ALLOCATION_POOL_END": "{first_octet}.0.0.8"}
    change(settings, SUBNET=pool)
    assert default_pools(IPv4Network("10.0.0.0/24"), None) == [{"start": "10.0.0.7", "end": "10.0.0.8"}]


def test_credentials_are_shown_to_those_who_manage_the_tenant(cast: Cast, tenant: Tenant, settings: Any) -> None:
    path = f"/api/openstack-tenants/{tenant.uuid.hex}/"
    assert client_of(cast.admin).get(path).json()["user_password"] == ""
    change(settings, TENANT_CREDENTIALS_VISIBLE=True)
    assert client_of(cast.admin).get(path).json()["user_password"] == tenant.user_password
    assert client_of(cast.member).get(path).json()["user_password"] == ""
