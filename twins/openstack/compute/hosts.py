"""Zones, services, hypervisors and aggregates: one host per availability zone."""

from __future__ import annotations

import uuid

from ..seed import ZONES
from ..state import Obj
from ..wire import Call, Route
from .lifecycle import HOSTS

CAPACITY = {"vcpus": 1000, "memory_mb": 800000, "local_gb": 600000}
CONTROL = ("nova-scheduler", "nova-conductor")


def own_id(kind: str, name: str) -> str:
    """An id that stays the same for the same host."""
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{kind}.{name}"))


def list_zones(call: Call) -> Obj:
    return {
        "availabilityZoneInfo": [{"zoneName": zone, "zoneState": {"available": True}, "hosts": None} for zone in ZONES]
    }


def list_zones_in_detail(call: Call) -> Obj:
    alive = {"available": True, "active": True, "updated_at": f"{call.stamp()}.000000"}
    return {
        "availabilityZoneInfo": [
            {
                "zoneName": zone,
                "zoneState": {"available": True},
                "hosts": {HOSTS[zone]: {"nova-compute": alive}},
            }
            for zone in ZONES
        ]
    }


def service(call: Call, number: int, binary: str, host: str, zone: str) -> Obj:
    shown = {
        "id": own_id(binary, host) if call.version >= (2, 53) else number,
        "binary": binary,
        "host": host,
        "zone": zone,
        "status": "enabled",
        "state": "up",
        "updated_at": f"{call.stamp()}.000000",
        "disabled_reason": None,
    }
    if call.version >= (2, 11):
        shown["forced_down"] = False
    return shown


def list_services(call: Call) -> Obj:
    rows = [(binary, "controller-1", "internal") for binary in CONTROL]
    rows += [("nova-compute", HOSTS[zone], zone) for zone in ZONES]
    wanted = call.arg("binary")
    return {"services": [service(call, number, *row) for number, row in enumerate(rows, 1) if wanted in (None, row[0])]}


def used(call: Call, host: str) -> dict[str, int]:
    servers = [server for server in call.state.all("servers") if server["host"] == host]
    return {
        "vcpus": sum(server["flavor"]["vcpus"] for server in servers),
        "memory_mb": 512 + sum(server["flavor"]["ram"] for server in servers),
        "local_gb": sum(server["flavor"]["disk"] for server in servers if server["image_id"]),
        "running_vms": len(servers),
    }


def brief(call: Call, number: int, host: str) -> Obj:
    key = own_id("hypervisor", host) if call.version >= (2, 53) else number
    return {"id": key, "hypervisor_hostname": host, "state": "up", "status": "enabled"}


def hypervisor(call: Call, number: int, host: str) -> Obj:
    shown = {
        **brief(call, number, host),
        "hypervisor_type": "QEMU",
        "hypervisor_version": 8002000,
        "host_ip": "127.0.0.1",
        "service": {
            "id": own_id("nova-compute", host) if call.version >= (2, 53) else number,
            "host": host,
            "disabled_reason": None,
        },
    }
    if call.version >= (2, 88):
        return {**shown, "uptime": None}
    taken = used(call, host)
    shown |= {**CAPACITY, **{f"{name}_used": taken[name] for name in CAPACITY}}
    return {
        **shown,
        "free_ram_mb": CAPACITY["memory_mb"] - taken["memory_mb"],
        "free_disk_gb": CAPACITY["local_gb"] - taken["local_gb"],
        "current_workload": 0,
        "running_vms": taken["running_vms"],
        "disk_available_least": 0,
        "cpu_info": {
            "arch": "x86_64",
            "model": "Nehalem",
            "vendor": "Intel",
            "features": [],
            "topology": {"cores": 1, "threads": 1, "sockets": 4},
        },
    }


def list_hypervisors(call: Call) -> Obj:
    return {"hypervisors": [brief(call, number, HOSTS[zone]) for number, zone in enumerate(ZONES, 1)]}


def list_hypervisors_in_detail(call: Call) -> Obj:
    return {"hypervisors": [hypervisor(call, number, HOSTS[zone]) for number, zone in enumerate(ZONES, 1)]}


def show_statistics(call: Call) -> Obj:
    taken = [used(call, HOSTS[zone]) for zone in ZONES]
    total = {name: amount * len(ZONES) for name, amount in CAPACITY.items()}
    spent = {f"{name}_used": sum(row[name] for row in taken) for name in CAPACITY}
    return {
        "hypervisor_statistics": {
            "count": len(ZONES),
            **total,
            **spent,
            "running_vms": sum(row["running_vms"] for row in taken),
            "free_ram_mb": total["memory_mb"] - spent["memory_mb_used"],
            "free_disk_gb": total["local_gb"] - spent["local_gb_used"],
            "current_workload": 0,
            "disk_available_least": 0,
        }
    }


def list_aggregates(call: Call) -> Obj:
    return {
        "aggregates": [
            {
                "id": number,
                "uuid": own_id("aggregate", zone),
                "name": zone,
                "hosts": [HOSTS[zone]],
                "metadata": {"availability_zone": zone},
                "availability_zone": zone,
                "deleted": False,
                "deleted_at": None,
                "updated_at": None,
                "created_at": "2026-01-01T00:00:00.000000",
            }
            for number, zone in enumerate(ZONES, 1)
        ]
    }


ROUTES = [
    Route("GET", "/os-availability-zone", "availability_zone.list", list_zones),
    Route(
        "GET",
        "/os-availability-zone/detail",
        "availability_zone.list",
        list_zones_in_detail,
        policy="os_compute_api:os-availability-zone:detail",
    ),
    Route("GET", "/os-services", "service.list", list_services, policy="os_compute_api:os-services:list"),
    Route(
        "GET",
        "/os-hypervisors",
        "hypervisor.list",
        list_hypervisors,
        policy="os_compute_api:os-hypervisors:list",
    ),
    Route(
        "GET",
        "/os-hypervisors/detail",
        "hypervisor.list",
        list_hypervisors_in_detail,
        policy="os_compute_api:os-hypervisors:list-detail",
    ),
    Route(
        "GET",
        "/os-hypervisors/statistics",
        "hypervisor.statistics",
        show_statistics,
        policy="os_compute_api:os-hypervisors:statistics",
    ),
    Route(
        "GET",
        "/os-aggregates",
        "aggregate.list",
        list_aggregates,
        policy="os_compute_api:os-aggregates:index",
    ),
]
