"""up, down and reset: the order in which everything else is called."""

import shutil
import socket
import time

from lab import config, contents, databases, health, infra, install, processes, schemas, template
from lab.cloud import APIS, HOST, SECRET, Cloud
from lab.report import LabError, say


def up(cloud: Cloud) -> None:
    """From whatever there is to a running cloud."""
    infra.ensure()
    install.ensure()
    databases.tune()
    fresh = not template.exists(cloud)
    if fresh:
        _forget(cloud)  # what a first start left that failed half-way
    _require_own_ports(cloud)
    config.write(cloud)
    if fresh:
        _build(cloud)
    else:
        running = any(processes.pid(cloud, name) for name in processes.commands(cloud))
        if not running and not template.is_in_place(cloud):
            say("the databases are gone or another clone's: restoring the template")
            template.restore(cloud)
        _start(cloud)
    say(f"cloud {cloud.name} is up: {cloud.auth_url}  user admin  password {SECRET}  region {cloud.region}")


def down(cloud: Cloud) -> None:
    stopped = processes.stop(cloud)
    say(f"cloud {cloud.name}: stopped {len(stopped)} processes")


def reset(cloud: Cloud, hard: bool) -> None:
    """Back to the first contents; `hard`: build them anew."""
    down(cloud)
    if hard:
        _forget(cloud)
    elif template.exists(cloud):
        infra.ensure()
        _require_own_ports(cloud)
        template.restore(cloud)
        say("template restored")
    up(cloud)


def _forget(cloud: Cloud) -> None:
    processes.stop(cloud)
    shutil.rmtree(cloud.home, ignore_errors=True)


def _build(cloud: Cloud) -> None:
    databases.create(cloud)
    schemas.build(cloud)
    _start(cloud, fresh=True)
    schemas.discover_computes(cloud)
    contents.make_offer(cloud)
    template.save(cloud)
    say("first contents made")


def _start(cloud: Cloud, fresh: bool = False) -> None:
    """Start what does not run, and wait until all of it works."""
    began = time.time()
    everything = list(processes.commands(cloud))
    running = [name for name in everything if processes.pid(cloud, name)]
    computes = [name for name in everything if name.startswith("nova-compute-")]
    processes.spawn(cloud, "keystone")
    health.wait_for_api(cloud, "keystone")
    if fresh:
        # The conductor gives up where its user is refused, and the scheduler likewise.
        contents.make_catalogue(cloud)
    for name in everything:
        if name not in computes:
            processes.spawn(cloud, name)
    for api in APIS:
        health.wait_for_api(cloud, api)
    # A compute asks the conductor once as it starts and then waits ten seconds before it asks again.
    for name in computes:
        processes.spawn(cloud, name)
    # Heartbeats from before a restart still count as "up" for a minute.
    health.wait_for_agents(cloud, since=0 if running == everything else began - 1)
    health.wait_for_pools(cloud)
    if started := len(everything) - len(running):
        say(f"started {started} processes, all well")


def _require_own_ports(cloud: Cloud) -> None:
    """Never mistake another program for our service, nor build a second cloud beside a running one."""
    for api in APIS:
        with socket.socket() as probe:
            taken = probe.connect_ex((HOST, cloud.port(api))) == 0
        if taken and not processes.pid(cloud, api):
            raise LabError(
                f"port {cloud.port(api)} ({api}) is taken by a program that this lab did not start: "
                f"another clone's lab? (its `down`, or LAB_DIR to use the same one)"
            )
