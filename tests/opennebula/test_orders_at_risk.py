"""Orders at the same moment, lost answers, things of others: nothing is made twice, shared, or taken from anybody."""

from ipaddress import ip_network
from itertools import combinations

import pytest

from tests.marketplace_site_agent.running import stop
from tests.opennebula.looks import connect, done, ended, make_network, names, refusal, served
from tests.opennebula.stage import OpenNebulaStage, Site
from waldur_mastermind.marketplace.models import Order

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]

LOSES = ("vdc.allocate", "group.allocate", "vn.allocate", "vrouter.instantiate", "secgroup.allocate", "user.allocate")
WIDE = """NAME="company" VN_MAD="bridge" BRIDGE="br7" NETWORK_ADDRESS="10.0.0.0" NETWORK_MASK="255.254.0.0"
AR=[TYPE="IP4",IP="10.0.0.10",SIZE="20"]"""


def test_two_agents_at_once_take_different_subnets(stage: OpenNebulaStage, site: Site) -> None:
    """Beside a network of the company that is neither of the same size nor of our making."""
    make_network(site, WIDE)
    other = stage.offer_vdcs("Another VDC")
    agents = [site.of_vdcs(), site.of_vdcs(other)]
    orders = [stage.order_vdc(f"Lab {n}", offering) for n in (1, 2, 3) for offering in (stage.vdcs, other)]

    processes = [agent.start("order_process") for agent in agents]
    try:
        agents[0].wait(lambda: ended(*orders), 120)
    finally:
        for process in processes:
            stop(process)

    blocks = [ip_network(done(order).backend_metadata["subnet_cidr"]) for order in orders]
    assert len(blocks) == 6
    assert not any(one.overlaps(other) for one, other in combinations([*blocks, ip_network("10.0.0.0/15")], 2))


@pytest.mark.parametrize("wishes", [("", ""), ("192.168.50.0/24", "192.168.48.0/20")], ids=["chosen", "wished"])
def test_a_subnet_that_two_have_found_free_goes_to_one(
    stage: OpenNebulaStage, site: Site, wishes: tuple[str, str]
) -> None:
    """Neither has made its network when the other one looks. Who may have another one gets that."""
    other = stage.offer_vdcs("Another VDC")
    agents = [site.of_vdcs(), site.of_vdcs(other)]
    orders = [
        stage.order_vdc(offering.name, offering, subnet_cidr=wish)
        for offering, wish in zip((stage.vdcs, other), wishes, strict=True)
    ]
    site.cloud.add_fault("hold_before", operation="vn.allocate", times=2)
    processes = [agent.start("order_process") for agent in agents]
    try:
        agents[0].wait(lambda: len(site.cloud.held()) == 2)
        site.cloud.release()
        agents[0].wait(lambda: ended(*orders))
    finally:
        for process in processes:
            stop(process)

    if any(wishes):
        [served] = [order for order in orders if Order.objects.get(pk=order.pk).state == Order.State.DONE]
        [refused] = [order for order in orders if order != served]
        assert "overlaps with another network" in refusal(refused)
        assert [vdc["name"] for vdc in site.cloud.objects("vdcs")["vdcs"][1:]] == [done(served).backend_id]
    else:
        blocks = [ip_network(done(order).backend_metadata["subnet_cidr"]) for order in orders]
        assert not blocks[0].overlaps(blocks[1])


def test_answers_that_are_lost_leave_nothing_twice(stage: OpenNebulaStage, site: Site) -> None:
    before = site.cloud.objects()
    for operation in LOSES:
        site.cloud.add_fault("lose_reply", operation=operation)
    site.cloud.add_fault("drop", operation="group.quota")
    site.cloud.add_fault("status", operation="vn.chown", status=502)
    agent = site.of_vdcs()
    order = stage.order_vdc()

    served(agent, order)
    made = {kind: len(objects) for kind, objects in site.cloud.leftovers(before).items() if kind != "acl_rules"}
    assert made == dict.fromkeys(("groups", "vdcs", "vnets", "virtual_routers", "vms", "security_groups", "users"), 1)


@pytest.mark.parametrize("operation", ["group.allocate", "vn.allocate", "user.allocate", "vdc.delete"])
def test_an_agent_killed_behind_a_call_goes_on_there(stage: OpenNebulaStage, site: Site, operation: str) -> None:
    """Killed when the call had its effect and nobody knew yet; while making as while ending."""
    before = site.cloud.objects()
    agent = site.of_vdcs()
    site.cloud.add_fault("hold_after", operation=operation)
    order = stage.order_vdc()
    if operation == "vdc.delete":
        agent.works("order_process", lambda: ended(order))
        order = stage.terminate(done(order))
    site.kill_at_held_call(agent)

    resource = served(agent, order)
    if resource.state == "OK":
        end = stage.terminate(resource)
        agent.works("order_process", lambda: ended(end))
        assert done(end).state == "Terminated"
    assert site.cloud.leftovers(before) == {}


def test_an_order_that_fails_takes_back_what_it_made_and_nothing_else(stage: OpenNebulaStage, site: Site) -> None:
    one = connect(site)
    one.group.allocate("genome-lab")
    network = make_network(site, 'NAME="other_internal" VN_MAD="bridge" BRIDGE="br7"')
    before = site.cloud.objects()
    site.cloud.add_fault("error", operation="vrouter.instantiate", code=16384, message="Cannot get IP/MAC lease")
    taken, beside, failing = (stage.order_vdc(name) for name in ("Genome lab", "Other", "Failing"))

    site.of_vdcs().works("order_process", lambda: ended(taken, beside, failing))

    assert "OpenNebula has something called genome-lab" in refusal(taken)
    assert "rename or delete it" in refusal(taken)
    assert "already taken by NET" in refusal(beside)
    assert "rename or delete it" in refusal(beside)
    assert "virtual_router_template_id: " in refusal(failing)
    assert "external_network_id has free addresses" in refusal(failing)
    assert site.cloud.leftovers(before) == {}
    assert "genome-lab" in names(site, "groups")
    assert one.vn.info(network).NAME == "other_internal"
