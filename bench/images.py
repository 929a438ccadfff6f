"""An image through a server of ours against straight to the cloud: throughput, and what the server needs of memory."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import requests

from bench.stage import Stage
from demo.processes import free_port, stop, wait_until_answers
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Tenant

MIB = 1024 * 1024
BLOCK = os.urandom(MIB)


class Data:
    """Bytes made as they are sent, whose number is known beforehand."""

    def __init__(self, mebibytes: int) -> None:
        self.mebibytes = mebibytes

    def __len__(self) -> int:
        return self.mebibytes * MIB

    def __iter__(self) -> Iterator[bytes]:
        for _ in range(self.mebibytes):
            yield BLOCK


class Memory:
    """The resident memory of a process in MiB, as Linux tells it."""

    def __init__(self, pid: int) -> None:
        self.files = Path(f"/proc/{pid}")
        self.before = self._value("VmRSS")
        (self.files / "clear_refs").write_text("5")  # the peak is counted from here

    def growth(self) -> float:
        return self._value("VmHWM") - self.before

    def _value(self, name: str) -> float:
        lines = (self.files / "status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:"))


@contextlib.contextmanager
def server() -> Iterator[tuple[int, str]]:
    """`waldur serve` in a process of its own, on the stage's database."""
    port = free_port(0)
    command = [sys.executable, "-m", "waldur_core.server.manage", "serve", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}/api/"
    try:
        wait_until_answers(f"{url}configuration/", process, "server")
        yield process.pid, url
    finally:
        stop([process])


def measure(stage: Stage, tenant_uuid: str, mebibytes: int, rounds: int) -> tuple[float, float, float]:
    """(MiB per second through us, straight to the cloud, MiB by which the server grew); the best of the rounds.

    The rounds alternate, so that whatever else the machine does meets both.
    """
    tenant = Tenant.objects.get(uuid=tenant_uuid)
    with server() as (pid, url):
        through(stage, url, tenant, 8)  # everything imported, all connections made
        straight(tenant, 8)
        fastest, yardstick, growth = 0.0, 0.0, 0.0
        for _ in range(rounds):
            yardstick = max(yardstick, mebibytes / straight(tenant, mebibytes))
            memory = Memory(pid)
            fastest = max(fastest, mebibytes / through(stage, url, tenant, mebibytes))
            growth = max(growth, memory.growth())
    return fastest, yardstick, growth


def through(stage: Stage, url: str, tenant: Tenant, mebibytes: int) -> float:
    """Seconds of an upload by way of our API."""
    path = f"{url}openstack-marketplace/{tenant.uuid}"
    body = {"name": "bench", "disk_format": "raw"}
    image = stage.owner.post(f"{path}/create_image/", json=body).json()["image_id"]
    began = time.perf_counter()
    headers = {"Content-Type": "application/octet-stream"}
    answer = stage.owner.post(f"{path}/upload_image_data/{image}/", data=Data(mebibytes), headers=headers)
    seconds = time.perf_counter() - began
    if answer.status_code != 200:
        raise SystemExit(f"upload: {answer.status_code} {answer.text}")
    stage.owner.delete(f"{path}/images/{image}/").raise_for_status()
    return seconds


def straight(tenant: Tenant, mebibytes: int) -> float:
    """Seconds of the same upload, by the same client, to Glance itself."""
    glance = Cloud.of(tenant.service_settings).in_project(tenant.backend_id).image
    image = glance.create_image(name="bench", disk_format="raw", container_format="bare")["id"]
    url = f"{str(glance.adapter.get_endpoint()).removesuffix('/')}/images/{image}/file"
    headers = {"Content-Type": "application/octet-stream", "X-Auth-Token": str(glance.adapter.get_token())}
    began = time.perf_counter()
    requests.put(url, data=Data(mebibytes), headers=headers).raise_for_status()
    seconds = time.perf_counter() - began
    glance.delete_image(image)
    return seconds
