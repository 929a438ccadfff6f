"""SSH keys reach the tenants that their owners may use, and leave them again."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from tests.api.keys import ED25519
from tests.drive import drain
from tests.factories import Cast, client_of, grant
from tests.openstack.orders import PUBLIC_KEY, build_tenant, operation_of, order_deletion
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.permissions.models import UserRole
from waldur_core.permissions.strings import RoleName
from waldur_core.structure.models import SshPublicKey, User
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import KeyDistribution, Tenant
from waldur_openstack.tasks import check_keys, distribute_keys

pytestmark = pytest.mark.django_db


def key(user: User, name: str = "laptop", public_key: str = PUBLIC_KEY) -> SshPublicKey:
    return SshPublicKey.objects.create(user=user, name=name, public_key=public_key)


def pairs(tenant: Tenant) -> list[str]:
    return sorted(pair["name"] for pair in Cloud.of(tenant.service_settings).compute.keypairs_of(tenant.user_id))


def run() -> int:
    started = distribute_keys()
    drain()
    return started


def named(*keys: SshPublicKey) -> list[str]:
    return sorted(f"{key.uuid.hex}-{key.name}" for key in keys)


def test_keys_follow_roles_and_leave_with_them(cast: Cast, tenant: Tenant) -> None:
    foreign = Cloud.of(tenant.service_settings).compute.create_keypair_for(tenant.user_id, "own", PUBLIC_KEY)["name"]
    manager, admin = key(cast.manager), key(cast.admin)
    key(cast.member), key(cast.stranger), key(cast.staff)  # may not make servers here
    assert run() == 1
    assert pairs(tenant) == sorted([*named(manager, admin), foreign])
    assert run() == 0  # nothing has changed

    UserRole.objects.get(user=cast.admin).delete()
    newcomer = key(cast.stranger, "second", ED25519)
    granted = grant(cast.stranger, RoleName.CUSTOMER_OWNER, cast.customer)
    assert run() == 1  # a burst is one run
    assert set(pairs(tenant)) >= {foreign, *named(manager, newcomer)}
    assert not set(pairs(tenant)) & set(named(admin))

    granted.is_active = False
    granted.save()
    assert client_of(cast.manager).delete(f"/api/keys/{manager.uuid.hex}/").status_code == 204
    run()
    assert pairs(tenant) == [foreign]


@pytest.mark.slow
def test_a_new_tenant_gets_the_keys_and_takes_them_with_it(cast: Cast, service_settings: Any, twin: TwinClient) -> None:
    before = twin.objects()
    owner = key(cast.owner, "a key / with ümlauts and more")
    tenant = build_tenant(service_settings, cast.project, cast.owner)
    assert run() == 1
    (name,) = pairs(tenant)
    assert name == f"{owner.uuid.hex}-a key _ with _mla"
    order_deletion(tenant, cast.owner)
    drain()
    assert "keypairs" not in twin.leftovers(before)


def test_an_expired_role_and_a_lost_message_are_noticed(cast: Cast, tenant: Tenant) -> None:
    expiring, lost = key(cast.admin), key(cast.owner)
    run()
    assert check_keys() == 0
    UserRole.objects.filter(user=cast.admin).update(expiration_time=timezone.now() - timedelta(seconds=1))
    KeyDistribution.objects.update(pending=False)
    assert check_keys() == 1
    drain()
    assert pairs(tenant) == named(lost) != named(expiring)
    KeyDistribution.objects.all().delete()  # a tenant of before there were distributions
    check_keys()
    drain()
    assert KeyDistribution.objects.get(tenant=tenant).names == named(lost)


def test_a_busy_tenant_loses_nothing(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    Tenant.objects.update(state="UPDATING")
    first = key(cast.owner)
    twin.add_fault("status", operation="keypair.list", status=400, message="Not now.")
    run()
    distribution = KeyDistribution.objects.get(tenant=tenant)
    assert (distribution.state, "Not now." in distribution.error_message) == ("ERRED", True)
    assert Tenant.objects.get().state == "UPDATING"
    check_keys()
    assert distribute_keys() == 0  # one is under way
    second = key(cast.admin)
    drain()
    assert pairs(tenant) == named(first, second)


def test_what_changes_during_a_run_asks_for_another(cast: Cast, tenant: Tenant) -> None:
    key(cast.owner)
    distribute_keys()
    operation = operation_of(KeyDistribution.objects.get(tenant=tenant))
    assert operation.state == Operation.State.SCHEDULED
    drain()
    key(cast.admin)
    assert KeyDistribution.objects.get(tenant=tenant).pending
    assert run() == 1
    assert len(pairs(tenant)) == 2


def test_the_number_of_calls_does_not_grow_with_the_keys(cast: Cast, tenant: Tenant, twin: TwinClient) -> None:
    for number in range(5):
        key(cast.owner, f"key {number}")
    run()
    SshPublicKey.objects.filter(name="key 0").first().delete()
    before = twin.call_count()
    run()
    calls = [call["operation"] for call in twin.calls(before) if call["operation"].startswith("keypair")]
    assert calls == ["keypair.list", "keypair.delete"]
