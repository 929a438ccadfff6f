"""Two customers who know nothing of each other order VDCs of the same name at the same moment: nothing is shared."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

import pyone
import pytest

from tests.factories import client_of, grant, make_customer, make_project, make_user
from tests.marketplace.stage import post
from tests.opennebula.looks import connect, credentials_of, done, ended, group_of, vm_quota, work
from tests.opennebula.stage import LIMITS, OpenNebulaStage, Site
from waldur_core.permissions.grants import find_grant, revoke
from waldur_core.permissions.models import Role
from waldur_core.permissions.strings import RoleName
from waldur_core.structure.models import Project, User
from waldur_mastermind.marketplace.models import ComponentUsage, Order, Resource

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]

SMALL = {"cpu": 2, "ram": 2, "storage": 10, "floating_ip": 1}
APART = (
    "vdc_id", "vdc_name", "group_id", "network_id", "network_name", "subnet_cidr", "gateway",
    "router_id", "router_name", "external_ip", "opennebula_username",
)  # fmt: skip


@dataclass
class Side:
    """A customer with a project, the people in it, and a VDC."""

    owner: User
    member: User
    project: Project
    order: Order
    vm: int = -1

    @property
    def resource(self) -> Resource:
        return done(self.order)


def arrive(stage: OpenNebulaStage, limits: dict[str, int], owner: User, member: User, project: Project) -> Side:
    link = f"http://testserver/api/projects/{project.uuid.hex}/"
    order = stage.placed(owner, stage.vdcs, project=link, limits=limits, attributes={"name": "Genome lab"})
    return Side(owner, member, project, order)


@pytest.fixture
def sides(stage: OpenNebulaStage, site: Site) -> tuple[Side, Side]:
    """Both have been served, in one go."""
    owner, member = make_user("owner-of-another"), make_user("member-of-another")
    project = make_project(make_customer("Another customer"), "Project")  # of the same name, too
    grant(owner, RoleName.CUSTOMER_OWNER, project.customer)
    grant(member, RoleName.PROJECT_MEMBER, project)
    first = arrive(stage, LIMITS, stage.owner, stage.member, stage.project)
    second = arrive(stage, SMALL, owner, member, project)
    site.of_vdcs().works("order_process", lambda: ended(first.order, second.order), 300)
    return first, second


def as_user(site: Site, side: Side) -> Any:
    return connect(site, credentials_of(side.resource))


def test_they_have_everything_apart(stage: OpenNebulaStage, site: Site, sides: tuple[Side, Side]) -> None:
    first, second = (side.resource for side in sides)
    assert first.project.customer != second.project.customer
    assert first.name == second.name
    assert first.backend_id != second.backend_id
    for key in APART:
        assert first.backend_metadata[key] != second.backend_metadata[key], key
    assert credentials_of(first)[1] != credentials_of(second)[1]
    subnets = [ip_network(each.backend_metadata["subnet_cidr"]) for each in (first, second)]
    assert not subnets[0].overlaps(subnets[1])
    for resource, cores, memory in ((first, 4, 8192), (second, 2, 2048)):
        quota = vm_quota(site, resource.backend_id)
        assert (cores, memory) == (quota.CPU, quota.MEMORY)
    one = connect(site)
    for mine, other in ((first, second), (second, first)):
        vdc = one.vdc.info(mine.backend_metadata["vdc_id"])
        assert [mine.backend_metadata["group_id"]] == vdc.GROUPS.ID
        assert {each.VNET_ID for each in vdc.VNETS.VNET} == {mine.backend_metadata["network_id"], 0}  # 0 is outside
        assert (
            other.backend_metadata["group_id"]
            not in one.user.info(site.cloud.id_of("users", mine.backend_metadata["opennebula_username"])).GROUPS.ID
        )
        [rules] = [each for each in one.secgrouppool.info(-2, -1, -1).SECURITY_GROUP if vdc.GROUPS.ID[0] == each.GID]
        assert one.vn.info(mine.backend_metadata["network_id"]).TEMPLATE["SECURITY_GROUPS"] == str(rules.ID)


def test_neither_reaches_what_is_the_others(stage: OpenNebulaStage, site: Site, sides: tuple[Side, Side]) -> None:
    for side in sides:
        inside = f'NIC=[NETWORK_ID="{side.resource.backend_metadata["network_id"]}"]'
        side.vm = as_user(site, side).template.instantiate(0, "web", False, inside)
    for me, other in (sides, sides[::-1]):
        one, theirs = as_user(site, me), other.resource.backend_metadata
        refused = pytest.raises(pyone.OneAuthorizationException)
        for action in ("poweroff", "terminate-hard"):
            with refused:
                one.vm.action(action, other.vm)
        for call, object_id in (
            (one.vm.info, other.vm),
            (one.vn.info, theirs["network_id"]),
            (one.vn.delete, theirs["network_id"]),
            (one.group.info, theirs["group_id"]),
            (one.vrouter.info, theirs["router_id"]),
            (one.user.info, site.cloud.id_of("users", theirs["opennebula_username"])),
        ):
            with refused:
                call(object_id)
        with refused:
            one.template.instantiate(0, "spy", False, f'NIC=[NETWORK_ID="{theirs["network_id"]}"]')
        assert [vm.ID for vm in one.vmpool.info(-2, -1, -1, -1).VM] == [me.vm]

        answer = client_of(me.member).get(f"/api/marketplace-resources/{other.resource.uuid.hex}/")
        assert answer.status_code == 404
        assert client_of(me.member).get(f"/api/marketplace-resources/{me.resource.uuid.hex}/").status_code == 200


def test_what_one_does_leaves_the_other_whole(stage: OpenNebulaStage, site: Site, sides: tuple[Side, Side]) -> None:
    """Use counts on its own account, a member who leaves costs the other no password, an end ends one only."""
    first, second = sides
    agent = site.of_vdcs()
    kept = as_user(site, first).template.instantiate(0, "web", False, "")
    agent.works("report", lambda: ComponentUsage.objects.filter(component__type="cpu").count() == 2)
    used = {usage.resource_id: float(usage.usage) for usage in ComponentUsage.objects.filter(component__type="cpu")}
    assert used == {first.resource.pk: 1, second.resource.pk: 0}

    before = {side.owner.username: credentials_of(side.resource) for side in sides}
    role = Role.objects.get(name="PROJECT.MEMBER")
    revoke(find_grant(second.project, second.member, role), second.project, actor=None)
    agent.works("membership_sync", lambda: credentials_of(second.resource) != before[second.owner.username])
    assert work(site, credentials_of(first.resource))
    assert credentials_of(first.resource) == before[first.owner.username]
    assert not work(site, before[second.owner.username])

    post(second.owner, second.resource, "terminate")
    end = Order.objects.get(type="Terminate", resource=second.resource)
    agent.works("order_process", lambda: ended(end))
    assert done(end).state == "Terminated"
    assert not work(site, before[second.owner.username])
    assert connect(site, credentials_of(first.resource)).vm.info(kept).STATE == 3
    assert vm_quota(site, first.resource.backend_id).CPU == 4
    assert first.resource.backend_metadata["group_id"] == group_of(site, first.resource.backend_id).ID
    network = connect(site).vn.info(first.resource.backend_metadata["network_id"])
    assert (1, first.resource.backend_metadata["network_name"]) == (network.STATE, network.NAME)
    assert first.resource.state == "OK"
