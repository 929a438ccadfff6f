"""`make bench`: prints figure, aim and verdict; never fails a build by a time."""

import argparse

from bench.stage import stage


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds and rows, for a look in passing")
    parser.add_argument("--latency", default="instant", help="latency profile of the twin cloud: instant, fast, real")
    parser.add_argument("--migration", action="store_true", help="only the migration of a large tenant")
    options = parser.parse_args()
    if options.migration:
        only_migration(options)
        return
    rounds, rows, servers, mebibytes = (2, 1000, 10, 256) if options.quick else (5, 10000, 50, 4096)
    with stage(options.latency) as running:
        from bench import engine, images, lists, operations, orders, replication

        offering = orders.publish(running)
        tenants = [orders.order_tenant(running, offering, f"bench-{number}") for number in range(rounds)]
        tenant_seconds, order = min(tenants, key=lambda item: item[0])
        template = orders.server_order(running, order["resource_uuid"])
        server_seconds = min(orders.order_servers(running, template, f"one-{n}", 1) for n in range(rounds))
        delays = [orders.first_call_delay(running, offering, f"delay-{number}") for number in range(rounds)]
        many_seconds = orders.order_servers(running, orders.without_floating_ips(template), "many", servers)
        per_step = engine.milliseconds_per_step(order["resource_uuid"])
        bare_tenant, bare_server = orders.bare(running, rounds)
        compared = operations.compare(running, offering, rules=50 if options.quick else 500, ports=rows // 10)
        through, straight, growth = images.measure(running, order["resource_uuid"], mebibytes, 2)
        lists.fill(order["resource_uuid"], rows)
        queries, milliseconds = lists.measure(100)
        few_queries, few_milliseconds = lists.measure(30)
        size = replication.QUICK if options.quick else replication.Size()
        migration = replication.measure(running, offering, size)  # last: it stops the worker
    show("Order accepted → first cloud call", 1000 * min(delays), "ms", 100)
    show("Engine, per step", per_step, "ms", 5)
    show("Tenant: order → OK", tenant_seconds, "s")
    show("  the same by a bare openstacksdk script", bare_tenant, "s")
    show("  ratio", tenant_seconds / bare_tenant, "", 1.1)
    show("Server: order → OK", server_seconds, "s")
    show("  the same by a bare openstacksdk script", bare_server, "s")
    show("  ratio", server_seconds / bare_server, "", 1.1)
    show(f"{servers} servers ordered at once: all OK", many_seconds, "s")
    show(f"Image of {mebibytes} MiB through us", through, "MiB/s")
    show("  straight to the cloud", straight, "MiB/s")
    show("  ratio", through / straight, "", at_least=0.9)
    show("  growth of the server's memory", growth, "MiB", 32)
    show(f"List of 100 of {rows} servers", milliseconds, "ms")
    show("  SQL statements", queries, "", 12)
    show("List of 30 servers", few_milliseconds, "ms", 25)
    show("  SQL statements", few_queries, "", 12)
    for what, ours, bare in compared:
        show(what, ours.seconds, "s")
        show("  cloud calls", ours.calls, "")
        show("  the same by a bare openstacksdk script", bare.seconds, "s")
        show("  cloud calls", bare.calls, "")
    replication.report(migration)


def only_migration(options: argparse.Namespace) -> None:
    with stage(options.latency) as running:
        from bench import orders, replication

        size = replication.QUICK if options.quick else replication.Size()
        replication.report(replication.measure(running, orders.publish(running), size))


def show(what: str, value: float, unit: str, aim: float | None = None, *, at_least: float | None = None) -> None:
    """One line; `aim` is the most, `at_least` the least that is wanted."""
    verdict = ""
    if aim is not None:
        verdict = f"(aim ≤ {aim:g}{' ' + unit if unit else ''}: {'met' if value <= aim else 'missed'})"
    if at_least is not None:
        verdict = f"(aim ≥ {at_least:g}: {'met' if value >= at_least else 'missed'})"
    print(f"{what:<48} {value:8.2f} {unit:<3} {verdict}", flush=True)


if __name__ == "__main__":
    main()
