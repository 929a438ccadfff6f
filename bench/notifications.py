"""How long a change by an administrator takes to show here by notification: `python -m bench.notifications`.

Needs a RabbitMQ (`TEST_RABBITMQ_URL`); its exchanges and queue are this run's own, and removed.
"""

import os
import statistics
import time
from uuid import uuid4

from kombu import Connection

from bench.stage import stage
from twins.openstack.notifications import EXCHANGES

ROUNDS = 20


def main() -> None:
    broker = os.environ.get("TEST_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672//")
    prefix = f"bench-{uuid4().hex[:8]}-"
    with stage("instant", "--broker", broker, "--exchange-prefix", prefix) as running:
        from bench import orders
        from bench.__main__ import show
        from waldur_core.structure.models import ServiceSettings
        from waldur_openstack.cloud import Cloud
        from waldur_openstack.models import Instance, Tenant
        from waldur_openstack.notifications.configuration import Source
        from waldur_openstack.notifications.listener import Listener

        offering = orders.publish(running)
        _, order = orders.order_tenant(running, offering, "bench")
        orders.order_servers(running, orders.server_order(running, order["resource_uuid"]), "one", 1)
        service = ServiceSettings.objects.get(type="OpenStack")
        service.secret_options |= {
            "notifications_url": broker,
            "notifications_exchanges": [prefix + name for name in EXCHANGES],
            "notifications_queue": f"{prefix}queue",
        }
        source = Source.of(service)
        assert source
        listener = Listener(service, source).start()
        instance, tenant = Instance.objects.get(), Tenant.objects.get()
        compute = Cloud.of(service).in_project(tenant.backend_id).compute
        time.sleep(4)
        seconds = []
        for number in range(ROUNDS):
            time.sleep(2.5)  # else the second change of one object would wait for its turn
            begun = time.perf_counter()
            compute.update_server(instance.backend_id, name=f"name-{number}")
            while not Instance.objects.filter(name=f"name-{number}").exists():
                time.sleep(0.01)
            seconds.append(time.perf_counter() - begun)
        listener.stop()
    with Connection(broker) as connection:
        connection.default_channel.queue_delete(f"{prefix}queue")
        for name in EXCHANGES:
            connection.default_channel.exchange_delete(prefix + name)
    show(f"Change in the cloud → our row, median of {ROUNDS}", statistics.median(seconds), "s", 3)
    show("  the slowest", max(seconds), "s", 3)


if __name__ == "__main__":
    main()
