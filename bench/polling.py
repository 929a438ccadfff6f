"""How long a change by an administrator takes to show here by polling alone: `python -m bench.polling`.

Web server, worker and beat run with the periods that are the default, against a twin with the delays of a real cloud.
"""

import statistics
import time

from bench.stage import stage

CHANGES = 20
EVERY = 9.1  # seconds between two; the period is no multiple of it, so that they fall anywhere in it


def main() -> None:
    with stage("real") as running:
        from bench import orders
        from bench.__main__ import show
        from waldur_core.server.schedule import PERIODS
        from waldur_openstack.cloud import Cloud
        from waldur_openstack.models import Port, Tenant

        orders.order_tenant(running, orders.publish(running), "bench")
        tenant = Tenant.objects.get()
        network = Cloud.of(tenant.service_settings).in_project(tenant.backend_id).network
        where = network.list("network", project_id=tenant.backend_id)[0]["id"]
        unseen: dict[str, float] = {}
        seconds: list[float] = []
        begun = time.perf_counter()
        while len(seconds) < CHANGES:
            number, now = len(unseen) + len(seconds), time.perf_counter()
            if number < CHANGES and now >= begun + number * EVERY:
                port = network.create("port", name=f"by hand {number}", network_id=where)
                unseen[port["id"]] = time.perf_counter()
            for name in Port.objects.filter(backend_id__in=unseen).values_list("backend_id", flat=True):
                seconds.append(time.perf_counter() - unseen.pop(name))
            time.sleep(0.02)  # as fine as seconds have to be told, and little work beside the worker
    print(f"Changes are looked for every {PERIODS['sync_changes']:g} s.")
    show(f"Change in the cloud → our row, median of {CHANGES}", statistics.median(seconds), "s", 60)
    show("  the slowest", max(seconds), "s", 60)


if __name__ == "__main__":
    main()
