"""`python -m bench.opennebula`: what cycles over many VDCs cost in OpenNebula, and many orders at the same moment.

Beside us runs the public plugin, installed into an environment of its own; without it our figures stand alone. It asks
for each VDC by itself, so that of 400 VDCs in the cloud 50 are looked at, times 8; ours are always looked at whole.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from pathlib import Path
from typing import Any

from bench.__main__ import show
from bench.opennebula_cycle import COMPONENTS, LIMITS
from twins.opennebula import OpenNebulaTwin

ROOT = Path(__file__).parents[1]
PLUGIN = ROOT / "plugins/opennebula"
PUBLIC, PUBLIC_HOME = "waldur-site-agent-opennebula==1.0.7", ROOT / ".bench/public-plugin"
CYCLES = ("report", "membership")
SIZES, QUICK = (50, 100, 200, 400), (10, 20)
QUOTAS = {
    "VM": {"CPU": LIMITS["cpu"], "MEMORY": LIMITS["ram"], "SYSTEM_DISK_SIZE": LIMITS["storage"]},
    "DATASTORE": [{"ID": store, "SIZE": LIMITS["storage"]} for store in (1, 2)],
    "NETWORK": {"ID": 0, "LEASES": LIMITS["floating_ip"]},
}
WHOLE, SAMPLE = 200, 50  # of more VDCs than that, the public plugin's cycles are timed on a sample
sys.path.insert(0, str(PLUGIN))


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.opennebula", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer VDCs, without the public plugin")
    parser.add_argument("--vdcs", type=int, nargs="*", help="how many; none: only the orders")
    options = parser.parse_args()
    sizes = (QUICK if options.quick else SIZES) if options.vdcs is None else tuple(sorted(options.vdcs))
    environments = {"ours": PLUGIN / ".venv/bin/python"}
    if not options.quick and (public := public_plugin()) is not None:
        environments["public plugin"] = public
    if sizes:
        compare(environments, sizes)
    order_at_once(5 if options.quick else 20)


def public_plugin() -> Path | None:
    python = PUBLIC_HOME / "bin/python"
    if not (PUBLIC_HOME / "bin/waldur_site_agent").exists():
        subprocess.run([sys.executable, "-m", "venv", PUBLIC_HOME], check=True)
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PUBLIC]
        if subprocess.run(pip, capture_output=True).returncode:
            print(f"{PUBLIC} could not be installed: our figures stand alone.")
            return None
    return python


def compare(environments: dict[str, Path], sizes: tuple[int, ...]) -> None:
    with OpenNebulaTwin(latency="instant", log_size=200_000) as twin:
        made = 0
        for size in sizes:
            plant(twin, range(made, size))
            made = size
            figures = {
                (who, cycle): measure(twin, python, cycle, size, SAMPLE if who != "ours" and size > WHOLE else size)
                for who, python in environments.items()
                for cycle in CYCLES
            }
            for (who, cycle), (calls, mebibytes, seconds) in figures.items():
                print(f"{size} VDCs, {cycle}, {who}: {calls} calls, {mebibytes:.2f} MiB, {seconds:.2f} s", flush=True)
            if "public plugin" in environments and size == max(sizes):
                for cycle in CYCLES:
                    fewer = figures["public plugin", cycle][0] / figures["ours", cycle][0]
                    show(f"Calls of the public plugin per one of ours, {cycle}", fewer, "", at_least=100)


def plant(twin: OpenNebulaTwin, numbers: range) -> None:
    """VDCs with all that belongs to them, as far as cycles look at it; no router's machine, which would take long."""
    from waldur_site_agent_opennebula.cloud import Cloud
    from waldur_site_agent_opennebula.core import names
    from waldur_site_agent_opennebula.core.markup import template
    from waldur_site_agent_opennebula.units import note

    once = Cloud({"api_url": twin.endpoint, "credentials": twin.session}).daemon.once
    for number in numbers:
        name, tags = f"vdc{number}", names.tags(uuid.uuid4().hex, f"vdc{number}")
        group = once("group.allocate", name)
        once("group.update", group, template(tags), 1)
        notes = {names.STATE: names.READY, names.GROUP: group, names.EXTERNAL_NETWORK: 0, names.SALT: "0" * 32}
        notes[names.FACTORS] = note(COMPONENTS)
        vdc = once("vdc.allocate", template({"NAME": name, **tags, **notes}))
        once("vdc.addgroup", vdc, group)
        once("vdc.addcluster", vdc, 0, 0)
        once("group.quota", group, template(QUOTAS))
        block = f"10.{number // 256}.{number % 256}"
        network = {
            "NAME": names.internal_network(name),
            **tags,
            "VN_MAD": "vxlan",
            "PHYDEV": "eth0",
            "AUTOMATIC_VLAN_ID": "YES",
            "NETWORK_ADDRESS": f"{block}.0",
            "NETWORK_MASK": "255.255.255.0",
            "GATEWAY": f"{block}.1",
            "AR": {"TYPE": "IP4", "IP": f"{block}.1", "SIZE": 254},
        }
        vnet = once("vn.allocate", template(network), -1)
        once("vdc.addvnet", vdc, 0, vnet)
        once("vrouter.allocate", template({"NAME": names.router(name), **tags, "NIC": {"NETWORK_ID": vnet}}))
        once("user.allocate", names.administrator(name), "secret", "core", [group])


def measure(twin: OpenNebulaTwin, python: Path, cycle: str, size: int, looked_at: int) -> tuple[int, float, float]:
    """Calls, MiB, seconds of one cycle through the classes of the agent; of a sample, times what it stands for."""
    since = twin.client.call_count()
    settings = {"api_url": twin.endpoint, "credentials": twin.session, "create_opennebula_user": True}
    command = [str(python), str(ROOT / "bench/opennebula_cycle.py"), json.dumps(settings), cycle, str(looked_at)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    calls: list[dict[str, Any]] = twin.client.calls(since)
    size_of_all = sum(call["bytes_in"] + call["bytes_out"] for call in calls)
    share = size / looked_at
    return round(len(calls) * share), size_of_all / 2**20 * share, float(done.stdout.strip().splitlines()[-1]) * share


def order_at_once(count: int) -> None:
    """Each order by an agent of its own, all at the same moment."""
    from waldur_site_agent_opennebula.cloud import Cloud
    from waldur_site_agent_opennebula.core.networks import block_of
    from waldur_site_agent_opennebula.core.options import read_network
    from waldur_site_agent_opennebula.core.vdcs import Order

    network = read_network({"external_network_id": 0, "virtual_router_template_id": 1})
    with OpenNebulaTwin(latency="fast") as twin:
        settings = {"api_url": twin.endpoint, "credentials": twin.session}

        def order(number: int) -> None:
            wanted = Order(f"vdc{number}", uuid.uuid4().hex, {"cpu": 2}, network=network, with_user=True)
            Cloud(settings).vdcs.create(wanted)

        began = time.monotonic()
        with ThreadPoolExecutor(count) as agents:
            list(agents.map(order, range(count)))
        seconds = time.monotonic() - began
        vnets = [vnet for vnet in Cloud(settings).pools.all("vnets") if vnet.name.endswith("_internal")]
        blocks = [block_of(vnet) for vnet in vnets]
        overlapping = sum(one.overlaps(other) for one, other in combinations(blocks, 2))
    show(f"{count} VDCs ordered at once: all made", seconds, "s")
    show("  subnets", len(blocks), "", at_least=count)
    show("  that overlap", overlapping, "", 0)


if __name__ == "__main__":
    main()
