"""Orders through the whole stack: how soon the cloud hears of them, and how they compare with a bare script."""

import time
from typing import Any

from bench import bare_script
from bench.stage import Stage
from twins.openstack import TwinClient

LIMITS = {"cores": 200, "ram": 512000, "storage": 10485760}
MANY = {"max_instances": 100, "max_volumes": 200}


def publish(stage: Stage) -> dict[str, Any]:
    """An active offering for the twin."""
    category = stage.get(stage.provider, "marketplace-categories")[0]["url"]
    customer = stage.get(stage.provider, "customers")[0]["url"]
    offering: dict[str, Any] = stage.post(
        stage.provider,
        "marketplace-provider-offerings",
        {
            "name": "Bench",
            "type": "OpenStack.Tenant",
            "category": category,
            "customer": customer,
            "plans": [{"name": "Standard"}],
            "plugin_options": MANY,
            "service_attributes": {
                "backend_url": stage.auth_url,
                "username": "admin",
                "password": "secret",
                "tenant_name": "admin",
                "domain": "Default",
                "external_network_id": TwinClient(stage.auth_url.removesuffix("/v3")).external_network_id,
            },
        },
    )
    path = f"marketplace-provider-offerings/{offering['uuid']}"
    while stage.provider.post(f"{stage.url}api/{path}/activate/").status_code == 409:
        time.sleep(0.05)
    found: dict[str, Any] = stage.get(stage.owner, f"marketplace-public-offerings/{offering['uuid']}")
    return found


def order_tenant(stage: Stage, offering: dict[str, Any], name: str) -> tuple[float, dict[str, Any]]:
    """Seconds from the order to done, and the order."""
    began = time.perf_counter()
    order = stage.post(
        stage.owner,
        "marketplace-orders",
        {
            "offering": offering["url"],
            "project": stage.project,
            "plan": offering["plans"][0]["url"],
            "limits": LIMITS,
            "attributes": {"name": name},
        },
    )
    stage.wait([order["uuid"]])
    seconds = time.perf_counter() - began
    return seconds, stage.get(stage.owner, f"marketplace-orders/{order['uuid']}")


def server_order(stage: Stage, tenant_uuid: str) -> dict[str, Any]:
    """The body of a server order, but for the name."""

    def first(path: str, **filters: str) -> str:
        return str(stage.get(stage.owner, path, tenant_uuid=tenant_uuid, **filters)[0]["url"])

    offerings = stage.get(
        stage.owner, "marketplace-public-offerings", scope_uuid=tenant_uuid, type="OpenStack.Instance"
    )
    subnet = first("openstack-subnets")
    attributes = {
        "flavor": first("openstack-flavors", name_exact="m1.tiny"),
        "image": first("openstack-images", name_exact="cirros"),
        "system_volume_size": 1024,
        "data_volume_size": 1024,
        "ports": [{"subnet": subnet}],
        "floating_ips": [{"subnet": subnet}],
        "security_groups": [{"url": first("openstack-security-groups", name_exact="ssh")}],
    }
    return {"offering": offerings[0]["url"], "project": stage.project, "attributes": attributes}


def without_floating_ips(template: dict[str, Any]) -> dict[str, Any]:
    """The same order for more servers than a tenant may have floating IPs."""
    kept = {name: value for name, value in template["attributes"].items() if name != "floating_ips"}
    return {**template, "attributes": kept}


def order_servers(stage: Stage, template: dict[str, Any], prefix: str, count: int) -> float:
    """Seconds from the first order to the last server."""
    began = time.perf_counter()
    orders = []
    for number in range(count):
        attributes = {**template["attributes"], "name": f"{prefix}-{number}"}
        orders.append(stage.post(stage.owner, "marketplace-orders", {**template, "attributes": attributes})["uuid"])
    stage.wait(orders)
    return time.perf_counter() - began


def first_call_delay(stage: Stage, offering: dict[str, Any], name: str) -> float:
    """Seconds from the answer 201 to the first call that reaches the cloud."""
    twin = TwinClient(stage.auth_url.removesuffix("/v3"))
    calls = twin.calls()
    last = calls[-1]["seq"] if calls else 0
    body = {
        "offering": offering["url"],
        "project": stage.project,
        "plan": offering["plans"][0]["url"],
        "limits": LIMITS,
        "attributes": {"name": name},
    }
    order = stage.post(stage.owner, "marketplace-orders", body)
    accepted = time.time()
    stage.wait([order["uuid"]])
    first = min(call["time"] for call in twin.calls(since=last))
    return max(0.0, float(first) - accepted)


def bare(stage: Stage, rounds: int) -> tuple[float, float]:
    """The fastest of some rounds of the bare script: (tenant, server) seconds."""
    tenants, servers = [], []
    for number in range(rounds):
        seconds, connection, parts = bare_script.create_tenant(stage.auth_url, f"bare-{number}")
        tenants.append(seconds)
        servers.append(bare_script.create_server(connection, parts, f"bare-server-{number}"))
    return min(tenants), min(servers)
