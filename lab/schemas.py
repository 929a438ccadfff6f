"""Tables for the databases, and what Keystone must hold before it can answer."""

import getpass
import os
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from lab import infra
from lab.cloud import SECRET, Cloud
from lab.places import program
from lab.processes import environment
from lab.report import LabError, say


def build(cloud: Cloud) -> None:
    """All at once, as far as the processors go; the longest first."""
    jobs: tuple[Callable[[Cloud], None], ...] = (
        _nova,
        _keystone,
        _neutron,
        _cinder,
        _glance,
        _placement,
        infra.create_vhost,
    )
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in [pool.submit(job, cloud) for job in jobs]:
            done.result()
    say("schemas made")


def discover_computes(cloud: Cloud) -> None:
    """Nova schedules to a compute host only once it is mapped to its cell."""
    _nova_manage(cloud, "cell_v2", "discover_hosts")


def _keystone(cloud: Cloud) -> None:
    for folder in ("fernet-keys", "credential-keys"):
        (cloud.etc / "keystone" / folder).mkdir(mode=0o700, exist_ok=True)
    user = getpass.getuser()
    owner = ("--keystone-user", user, "--keystone-group", user)
    urls = (f"--bootstrap-{interface}-url={cloud.auth_url}" for interface in ("public", "internal", "admin"))
    login = ("--bootstrap-password", SECRET, "--bootstrap-region-id", cloud.region)
    _keystone_manage(cloud, "fernet_setup", *owner)
    _keystone_manage(cloud, "credential_setup", *owner)
    _keystone_manage(cloud, "db_sync")
    _keystone_manage(cloud, "bootstrap", *login, *urls)


def _nova(cloud: Cloud) -> None:
    _nova_manage(cloud, "api_db", "sync")
    _nova_manage(cloud, "cell_v2", "map_cell0")
    _nova_manage(cloud, "db", "sync")
    _nova_manage(cloud, "cell_v2", "create_cell", "--name", "cell1")


def _neutron(cloud: Cloud) -> None:
    _manage(cloud, "neutron-db-manage", "--config-file", str(cloud.conf("neutron")), "upgrade", "heads")


def _cinder(cloud: Cloud) -> None:
    _manage(cloud, "cinder-manage", "--config-file", str(cloud.conf("cinder")), "db", "sync")


def _glance(cloud: Cloud) -> None:
    _manage(cloud, "glance-manage", "--config-file", str(cloud.conf("glance", "glance-api.conf")), "db_sync")


def _placement(cloud: Cloud) -> None:
    _manage(cloud, "placement-manage", "--config-file", str(cloud.conf("placement")), "db", "sync")


def _keystone_manage(cloud: Cloud, *arguments: str) -> None:
    _manage(cloud, "keystone-manage", "--config-file", str(cloud.conf("keystone")), *arguments)


def _nova_manage(cloud: Cloud, *arguments: str) -> None:
    _manage(cloud, "nova-manage", "--config-file", str(cloud.conf("nova")), *arguments)


def _manage(cloud: Cloud, command: str, *arguments: str) -> None:
    log = cloud.log(command)
    with log.open("ab") as output:
        done = subprocess.run([program(command), *arguments], env=environment(cloud), stdout=output, stderr=output)
    if done.returncode:
        raise LabError(f"{command} {' '.join(arguments)} failed; see {log}")
