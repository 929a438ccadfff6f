"""`python -m bench.sync`: following a whole cloud, against a poller that asks tenant by tenant.

1,000 tenants with 10 servers, 20 volumes and 25 ports each; `--quick`: 20 of them.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.large_cloud import PASSWORD, PORTS, SERVERS, VOLUMES, LargeCloud, large_cloud


@dataclass
class Figures:
    """Of one piece of work, in this process. `thread_cpu` is that of the thread that compares and writes."""

    seconds: float
    cpu: float
    thread_cpu: float
    calls: int
    statements: int
    growth: float  # MiB, at its peak
    result: Any


def measured(work: Callable[[], Any]) -> Figures:
    from django.db import connection

    from waldur_openstack.cloud.counting import counted

    statements = 0

    def count(execute: Any, *arguments: Any) -> Any:
        nonlocal statements
        statements += 1
        return execute(*arguments)

    before = forget_peak()
    with connection.execute_wrapper(count), counted() as counter:
        began, cpu, thread = time.perf_counter(), time.process_time(), time.thread_time()
        result = work()
        seconds, cpu, thread = time.perf_counter() - began, time.process_time() - cpu, time.thread_time() - thread
    return Figures(seconds, cpu, thread, counter.calls, statements, peak() - before, result)


def forget_peak() -> float:
    """Let the kernel count the peak of memory anew; MiB in use now."""
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def peak() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


@contextmanager
def database() -> Iterator[Path]:
    directory = Path(tempfile.mkdtemp(prefix="waldur-bench-"))
    directory.chmod(0o755)  # the embedded database runs as a user of its own
    os.environ |= {"WALDUR_STATE_DIR": str(directory), "DJANGO_SETTINGS_MODULE": "waldur_core.server.settings"}
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    try:
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def change(cloud: LargeCloud, percent: float) -> int:
    """Change so many of each kind behind everybody's back; returns how many objects."""
    from waldur_openstack.cloud import Cloud, Credentials

    admin = Cloud(Credentials(cloud.auth_url, "admin", PASSWORD, project_name="admin"))
    changed = 0
    for project in cloud.projects[: max(1, round(len(cloud.projects) * percent / 100))]:
        inside = admin.in_project(project)
        admin.identity.grant_role(project, admin.identity.own_user_id(), admin.identity.roles()["admin"])
        for server in inside.compute.servers():
            inside.compute.update_server(server["id"], name="changed")
        for volume in inside.block_storage.volumes():
            inside.block_storage.update_volume(volume["id"], name="changed")
        for port in inside.network.list("port", project_id=project):
            inside.network.update("port", port["id"], name="changed")
        changed += SERVERS + VOLUMES + PORTS
    return changed


def compare(tenants: int, polled: int, latency: str, answer_seconds: float) -> None:
    with database() as directory, large_cloud(directory, tenants, latency, answer_seconds) as cloud:
        from django.db import connection

        from bench.known_rows import connect, forget, know_tenants
        from bench.poller import poll
        from waldur_openstack.sync.cycle import synchronise

        service_settings = connect(cloud.auth_url, PASSWORD)
        know_tenants(service_settings, cloud.projects)
        objects = tenants * (SERVERS + VOLUMES + PORTS)
        print(f"{tenants} tenants, {objects} objects; the poller is timed on {polled} tenants.", flush=True)
        show("poller, first look", measured(lambda: poll(service_settings, polled)), tenants / polled)
        show("poller, nothing changed", measured(lambda: poll(service_settings, polled)), tenants / polled)
        forget(service_settings)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        full = measured(lambda: synchronise(service_settings))
        show("whole cloud, first look", full)
        show("whole cloud, nothing changed", measured(lambda: synchronise(service_settings)))
        changed = change(cloud, 1)
        show(f"whole cloud, {changed} objects changed", measured(lambda: synchronise(service_settings)))
        again = measured(lambda: synchronise(service_settings, full=True))
        show("whole cloud, everything listed again", again)
        rate = again.result.rows_seen / again.thread_cpu
        print(f"read, compared and counted: {again.result.rows_seen} objects, {rate:.0f} per CPU-second")
        print(f"compared alone: {compared_per_cpu_second(service_settings):.0f} objects per CPU-second (aim: 20000)")


def compared_per_cpu_second(service_settings: Any) -> float:
    """Of a page of each kind: what the columns should be, and whether they differ; without reading either side."""
    from waldur_openstack.cloud import Cloud
    from waldur_openstack.sync.following import difference, related, wanted
    from waldur_openstack.sync.register import KINDS
    from waldur_openstack.sync.scope import Scope

    cloud, scope, objects, cpu = Cloud.of(service_settings), Scope.of_cloud(service_settings), 0, 0.0
    for kind in KINDS:
        items = {item["id"]: item for item in next(kind.everywhere.pages(cloud), [])}
        rows = scope.rows(kind.model, backend_id__any_of=list(items))
        targets = related(kind, scope, list(items.values()))
        began = time.thread_time()
        for row in rows:
            difference(row, wanted(kind, row, items[row.backend_id], targets))
        cpu += time.thread_time() - began
        objects += len(rows)
    return objects / cpu


def show(what: str, found: Figures, times: float = 1) -> None:
    scale = f" (times {times:g})" if times != 1 else ""
    print(
        f"{what + scale:<44} {found.seconds * times:9.1f} s {found.cpu * times:8.1f} s CPU "
        f"{found.calls * times:8.0f} calls {found.statements * times:9.0f} SQL {found.growth:7.1f} MiB",
        flush=True,
    )
    error = getattr(found.result, "error", "")
    if error:
        raise SystemExit(error)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.sync", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 tenants")
    parser.add_argument("--latency", default="real", help="latency profile of the twin cloud: instant, fast, real")
    parser.add_argument("--answer-seconds", type=float, default=0.02, help="what each answer takes at least")
    parser.add_argument("--tenants", type=int, default=1000)
    parser.add_argument("--polled", type=int, default=50, help="tenants the poller is timed on")
    options = parser.parse_args()
    tenants = 20 if options.quick else options.tenants
    compare(tenants, min(tenants, options.polled), options.latency, options.answer_seconds)


if __name__ == "__main__":
    main()
