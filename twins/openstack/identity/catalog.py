"""The service catalogue, and the services, endpoints and regions it is made of."""

from __future__ import annotations

from ..cloud import Cloud
from ..state import Obj
from ..wire import Call
from .view import fetch, page, wanted

SERVICES: tuple[tuple[str, str, str], ...] = (
    ("identity", "keystone", "/v3"),
    ("compute", "nova", "/compute/v2.1"),
    ("network", "neutron", "/network"),
    ("volumev3", "cinderv3", "/volume/v3/$(project_id)s"),
    ("block-storage", "cinder", "/volume/v3/$(project_id)s"),
    ("image", "glance", "/image"),
)
INTERFACES = ("public", "internal", "admin")


def service_id(type: str) -> str:
    return type.encode().hex().ljust(32, "0")[:32]


def endpoint_id(type: str, interface: str) -> str:
    return f"{type}/{interface}".encode().hex().rjust(32, "0")[-32:]


def endpoint(cloud: Cloud, type: str, interface: str, url: str) -> Obj:
    region = cloud.settings.region
    return {
        "id": endpoint_id(type, interface),
        "interface": interface,
        "region_id": region,
        "url": url,
        "region": region,
    }


def catalog(cloud: Cloud, base: str, project_id: str) -> list[Obj]:
    """What a token carries. Endpoints with a project in their URL need a project scope."""
    shown = []
    for type_, name, path in SERVICES:
        url = base + path.replace("$(project_id)s", project_id)
        reachable = project_id or "$(" not in path
        endpoints = [endpoint(cloud, type_, interface, url) for interface in INTERFACES] if reachable else []
        shown.append({"endpoints": endpoints, "id": service_id(type_), "type": type_, "name": name})
    return shown


def all_services(call: Call) -> list[Obj]:
    return [
        {
            "id": service_id(type_),
            "name": name,
            "type": type_,
            "enabled": True,
            "links": {"self": f"{call.base}/v3/services/{service_id(type_)}"},
        }
        for type_, name, _ in SERVICES
    ]


def all_endpoints(call: Call) -> list[Obj]:
    return [
        {
            **endpoint(call.cloud, type_, interface, call.base + path),
            "service_id": service_id(type_),
            "enabled": True,
            "links": {"self": f"{call.base}/v3/endpoints/{endpoint_id(type_, interface)}"},
        }
        for type_, _, path in SERVICES
        for interface in INTERFACES
    ]


def list_services(call: Call) -> Obj:
    return page(call, "services", wanted(call, all_services(call), "type", "name"))


def show_service(call: Call) -> Obj:
    return {"service": one(call, all_services(call), "service")}


def list_endpoints(call: Call) -> Obj:
    return page(call, "endpoints", wanted(call, all_endpoints(call), "service_id", "interface", "region_id"))


def show_endpoint(call: Call) -> Obj:
    return {"endpoint": one(call, all_endpoints(call), "endpoint")}


def one(call: Call, objects: list[Obj], noun: str) -> Obj:
    for obj in objects:
        if obj["id"] == call.params["id"]:
            return obj
    return fetch(call, "nothing", call.params["id"], noun)


def region(call: Call) -> Obj:
    name = call.cloud.settings.region
    return {
        "id": name,
        "description": "",
        "parent_region_id": None,
        "links": {"self": f"{call.base}/v3/regions/{name}"},
    }


def list_regions(call: Call) -> Obj:
    return page(call, "regions", [region(call)])


def show_region(call: Call) -> Obj:
    return {"region": one(call, [region(call)], "region")}
