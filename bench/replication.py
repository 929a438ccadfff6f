"""A large tenant on its way to another cloud: seconds and cloud calls, against a script that makes one thing at a time.

Then the same while the worker is killed at random moments: what is called again?
"""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from bench import bare_script, orders
from bench.stage import Stage
from demo.processes import free_port, stop, wait_until_answers
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Tenant
from waldur_openstack_replication.models import Migration

KILLS = 20
DELAYS = (0.0, 0.03)  # seconds: none, and about what a call to a real Neutron takes longer
ROOM = {"network": -1, "subnet": -1, "router": -1, "port": -1, "security_group": -1, "security_group_rule": -1}


class Size(NamedTuple):
    networks: int = 50
    subnets: int = 100
    routers: int = 10
    groups: int = 200
    rules: int = 2000
    ports: int = 1000


QUICK = Size(networks=10, subnets=20, routers=4, groups=20, rules=100, ports=100)


class Race(NamedTuple):
    """We and the script, each call to Neutron `delay` seconds slower than the twin is."""

    delay: float
    seconds: float
    calls: int
    bare_seconds: float
    bare_calls: int


class Figures(NamedTuple):
    """`repeated`: changing calls of the killed run above those of the other, in per cent; `looks`: reading ones."""

    size: Size
    plan_seconds: float
    races: list[Race]
    kills: int
    repeated: float
    looks: int


def measure(stage: Stage, offering: dict[str, Any], size: Size) -> Figures:
    with second_cloud() as auth_url:
        destination = publish_second(stage, auth_url)
        source = large_tenant(stage, offering, size)
        twin = TwinClient(auth_url.removesuffix("/v3"))
        body = request(stage, source, destination)
        began = time.perf_counter()
        stage.post(stage.owner, "openstack-migrations/plan", {**body, "name": "planned"})
        plan_seconds = time.perf_counter() - began
        races = [race(stage, twin, source, body, delay) for delay in DELAYS]
        seconds, calls = migrate(stage, twin, {**body, "name": "whole"})
        stage.worker.stop()
        kills, killed = migrate_through_kills(stage, twin, {**body, "name": "killed"}, seconds)
        changing, again = calls[True].total(), killed[True].total()
        repeated, looks = 100 * (again - changing) / changing, killed[False].total() - calls[False].total()
        return Figures(size, plan_seconds, races, kills, repeated, looks)


def race(stage: Stage, twin: TwinClient, source: Tenant, body: dict[str, Any], delay: float) -> Race:
    if delay:
        twin.add_fault("delay", service="network", seconds=delay, times=0)
    seconds, calls = migrate(stage, twin, {**body, "name": f"delayed-{delay}"})
    bare_seconds, bare_calls = bare(twin, source, f"bare-{delay}")
    twin.clear_faults()
    return Race(delay, seconds, calls[True].total() + calls[False].total(), bare_seconds, bare_calls)


@contextmanager
def second_cloud() -> Iterator[str]:
    port = free_port(0)
    process = subprocess.Popen(
        [sys.executable, "-m", "twins.openstack", "--port", str(port), "--latency", "instant", "--quiet"],
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_until_answers(f"http://127.0.0.1:{port}/v3", process, "second twin")
        yield f"http://127.0.0.1:{port}/v3"
    finally:
        stop([process])


def publish_second(stage: Stage, auth_url: str) -> dict[str, Any]:
    own, stage.auth_url = stage.auth_url, auth_url
    try:
        return orders.publish(stage)
    finally:
        stage.auth_url = own


def large_tenant(stage: Stage, offering: dict[str, Any], size: Size) -> Tenant:
    """Filled in bulk, then pulled. The ports stand for virtual addresses; one router is the tenant's first."""
    _, order = orders.order_tenant(stage, offering, "replicated")
    tenant = Tenant.objects.get(uuid=order["resource_uuid"])
    admin = Cloud.of(tenant.service_settings)
    admin.network.set_quotas(tenant.backend_id, ROOM)
    network = admin.in_project(tenant.backend_id).network
    networks = network.create_many("network", [{"name": f"net-{n}"} for n in range(size.networks)])
    subnets = network.create_many("subnet", [subnet_body(networks, n) for n in range(size.subnets)])
    routers = network.create_many("router", [{"name": f"router-{n}"} for n in range(size.routers - 1)])
    for number, subnet in enumerate(subnets):
        network.add_router_interface(routers[number % len(routers)]["id"], subnet["id"])
    groups = network.create_many("security_group", [{"name": f"group-{n}"} for n in range(size.groups)])
    for group in groups:
        network.create_many("security_group_rule", [
            rule_body(group, n) for n in range(size.rules // size.groups)
        ])  # fmt: skip
    for start in range(0, size.ports, 100):
        network.create_many("port", [
            port_body(subnets[n % size.subnets], groups[n % size.groups], n)
            for n in range(start, min(start + 100, size.ports))
        ])  # fmt: skip
    stage.post(stage.owner, f"openstack-tenants/{tenant.uuid.hex}/pull")
    wait_for_all()
    return tenant


def subnet_body(networks: list[Any], number: int) -> dict[str, Any]:
    network = networks[number % len(networks)]["id"]
    return {"name": f"sub-{number}", "network_id": network, "cidr": f"10.{number}.0.0/24", "ip_version": 4}


def rule_body(group: Any, number: int) -> dict[str, Any]:
    return {
        "security_group_id": group["id"], "direction": "ingress", "protocol": "tcp", "port_range_min": 1000 + number,
        "port_range_max": 1000 + number, "remote_ip_prefix": f"10.{number}.0.0/24",
    }  # fmt: skip


def port_body(subnet: Any, group: Any, number: int) -> dict[str, Any]:
    return {
        "name": f"port-{number}", "network_id": subnet["network_id"], "fixed_ips": [{"subnet_id": subnet["id"]}],
        "security_groups": [group["id"]], "device_owner": "compute:nova",
    }  # fmt: skip


def request(stage: Stage, source: Tenant, destination: dict[str, Any]) -> dict[str, Any]:
    (resource,) = stage.get(stage.owner, "marketplace-resources", name="replicated")
    plan = destination["plans"][0]["uuid"]
    return {
        "src_resource": resource["uuid"], "dst_offering": destination["uuid"], "dst_plan": plan,
        "mappings": {"sync_instance_ports": True},
    }  # fmt: skip


def wait_for_all(seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while Operation.objects.filter(state__in=Operation.LIVE).exists():
        if time.monotonic() > end:
            raise SystemExit("Not done in time.")
        time.sleep(0.01)


Calls = dict[bool, Counter[str]]  # those that change something, and those that read


def calls_of(twin: TwinClient, since: int) -> Calls:
    found: Calls = {True: Counter(), False: Counter()}
    for call in twin.calls(since):
        if call["operation"] != "token.create":
            found[bool(call["mutating"])][call["operation"]] += 1
    return found


def check(name: str) -> None:
    migration = Migration.objects.get(dst_resource__name=name)
    if migration.state != "OK" or not migration.verification.get("verified"):
        raise SystemExit(f"{migration.state}: {migration.error_message} {migration.verification}"[:2000])


def migrate(stage: Stage, twin: TwinClient, body: dict[str, Any]) -> tuple[float, Calls]:
    since, began = twin.call_count(), time.perf_counter()
    stage.post(stage.owner, "openstack-migrations", body)
    wait_for_all()
    seconds = time.perf_counter() - began
    check(body["name"])
    return seconds, calls_of(twin, since)


def migrate_through_kills(stage: Stage, twin: TwinClient, body: dict[str, Any], seconds: float) -> tuple[int, Calls]:
    """Workers of their own, each killed (SIGKILL) at a random moment of its work; the last one finishes."""
    since, kills = twin.call_count(), 0
    chance = random.Random(20)
    stage.post(stage.owner, "openstack-migrations", body)
    while kills < KILLS and Operation.objects.filter(state__in=Operation.LIVE).exists():
        with worker() as process:
            time.sleep(chance.uniform(0, 2 * seconds / KILLS))
            process.kill()
        kills += 1
        Operation.objects.filter(lease_token__isnull=False).update(lease_until="2020-01-01T00:00Z")  # it runs out
    with worker():
        wait_for_all()
    check(body["name"])
    return kills, calls_of(twin, since)


@contextmanager
def worker() -> Iterator[subprocess.Popen[bytes]]:
    """A process that works on whatever is live, once it says that it is ready."""
    from django.db import connection

    config = connection.settings_dict
    url = f"postgresql://{config['USER']}:{config['PASSWORD']}@/{config['NAME']}"
    url += f"?host={config['OPTIONS'].get('host') or config['HOST']}&port={config['PORT'] or 5432}"
    command = [sys.executable, "-m", "bench.lone_worker"]
    environment = {**os.environ, "DATABASE_URL": os.environ.get("DATABASE_URL") or url}
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)
    try:
        assert process.stdout
        process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()


# the yardstick ----------------------------------------------------------------------------------------------------


def bare(twin: TwinClient, source: Tenant, name: str) -> tuple[float, int]:
    """What is in the source, made one by one by openstacksdk in a project of its own."""
    own = Cloud.of(source.service_settings).in_project(source.backend_id).network
    words = ("network", "subnet", "router", "security_group", "port")
    found = {word: own.list(word, project_id=source.backend_id) for word in words}
    auth_url = f"{twin.base_url}/v3"
    admin = bare_script.connect(auth_url)
    since, began = twin.call_count(), time.perf_counter()
    project = admin.identity.create_project(name=name, domain_id="default")
    roles = {role.name: role for role in admin.identity.roles()}
    admin.identity.assign_project_role_to_user(project, admin.current_user_id, roles["admin"])
    admin.network.put(f"/quotas/{project.id}", json={"quota": ROOM})
    copy(bare_script.connect(auth_url, project_id=project.id).network, found)
    return time.perf_counter() - began, twin.call_count() - since


def copy(target: Any, found: dict[str, list[Any]]) -> None:
    made: dict[str, str] = {}
    for item in found["network"]:
        made[item["id"]] = target.create_network(name=item["name"]).id
    for item in found["subnet"]:
        made[item["id"]] = target.create_subnet(
            name=item["name"], network_id=made[item["network_id"]], cidr=item["cidr"], ip_version=item["ip_version"],
            gateway_ip=item["gateway_ip"], allocation_pools=item["allocation_pools"],
        ).id  # fmt: skip
    for item in found["router"]:
        made[item["id"]] = target.create_router(name=item["name"]).id
    for item in found["security_group"]:
        if item["name"] != "default":
            made[item["id"]] = target.create_security_group(name=item["name"]).id
            copy_rules(target, made[item["id"]], item["security_group_rules"])
    for item in found["port"]:
        fixed = [{"subnet_id": made[ip["subnet_id"]], "ip_address": ip["ip_address"]} for ip in item["fixed_ips"]
                 if ip["subnet_id"] in made]  # fmt: skip
        if item["device_owner"] == "network:router_interface":
            target.add_interface_to_router(made[item["device_id"]], subnet_id=fixed[0]["subnet_id"])
        elif not item["device_owner"].startswith("network:"):
            target.create_port(
                name=item["name"], network_id=made[item["network_id"]], mac_address=item["mac_address"],
                fixed_ips=fixed, security_groups=[made[group] for group in item["security_groups"] if group in made],
            )  # fmt: skip


def copy_rules(target: Any, group: str, rules: list[Any]) -> None:
    names = ("direction", "ethertype", "protocol", "port_range_min", "port_range_max", "remote_ip_prefix")
    for rule in rules:
        if rule["direction"] == "ingress":
            target.create_security_group_rule(security_group_id=group, **{name: rule[name] for name in names})


def report(found: Figures) -> None:
    from bench.__main__ import show

    size = found.size
    show(f"Plan of {size.networks} networks, {size.rules} rules, {size.ports} ports", found.plan_seconds, "s")
    for race in found.races:
        slower = f", {1000 * race.delay:g} ms more per call" if race.delay else ""
        show(f"Its migration{slower}", race.seconds, "s")
        show("  cloud calls", race.calls, "")
        show("  the same by a sequential openstacksdk script", race.bare_seconds, "s")
        show("  cloud calls", race.bare_calls, "")
        show("  times faster", race.bare_seconds / race.seconds, "", at_least=5)
        show("  times fewer calls", race.bare_calls / race.calls, "", at_least=5)
    show(f"  killed {found.kills} times: changing calls repeated", found.repeated, "%", 1)
    show("  and reading calls more", found.looks, "")
