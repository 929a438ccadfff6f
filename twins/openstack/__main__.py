"""``python -m twins.openstack``: one simulated cloud until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

from .transitions import PROFILES
from .twin import OpenStackTwin

BANNER = """\
A simulated OpenStack is listening.

  export OS_AUTH_URL={auth_url}
  export OS_USERNAME=admin OS_PASSWORD={password} OS_PROJECT_NAME=admin
  export OS_USER_DOMAIN_NAME=Default OS_PROJECT_DOMAIN_NAME=Default
  export OS_REGION_NAME={region} OS_IDENTITY_API_VERSION=3

Inspection and faults: {base_url}/_twin/    Stop: Ctrl-C
"""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m twins.openstack", description=__doc__)
    parser.add_argument("--port", type=int, default=5000, help="0 chooses a free one (default: 5000)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--region", default="RegionOne")
    parser.add_argument("--state", metavar="FILE", help="keep the state in this file across restarts")
    parser.add_argument("--latency", choices=sorted(PROFILES), default="fast", help="how long things take")
    parser.add_argument("--admin-password", default="secret")
    parser.add_argument("--external-cidr", default="", help="addresses of the external network")
    parser.add_argument("--token-ttl", type=float, default=86400.0, help="seconds until a token expires")
    parser.add_argument("--broker", default="", metavar="URL", help="send notifications to this RabbitMQ")
    parser.add_argument("--exchange-prefix", default="", help="goes before the names of the exchanges there")
    parser.add_argument("--certfile", help="serve HTTPS with this certificate")
    parser.add_argument("--keyfile")
    parser.add_argument("--quiet", action="store_true", help="print nothing")
    return parser.parse_args(arguments)


async def serve(twin: OpenStackTwin, password: str, quiet: bool) -> None:
    task = asyncio.create_task(twin.serve())
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, twin.ask_to_stop)
    await asyncio.wait({task, asyncio.create_task(twin.started())}, return_when=asyncio.FIRST_COMPLETED)
    if not quiet and not task.done():
        print(
            BANNER.format(
                auth_url=twin.auth_url, base_url=twin.base_url, password=password, region=twin.settings.region
            ),
            flush=True,
        )
    await task


def main() -> int:
    options = parse()
    twin = OpenStackTwin(
        port=options.port,
        region=options.region,
        latency=options.latency,
        state=options.state,
        host=options.host,
        certfile=options.certfile,
        keyfile=options.keyfile,
        admin_password=options.admin_password,
        external_cidr=options.external_cidr,
        token_ttl=options.token_ttl,
        broker=options.broker,
        exchange_prefix=options.exchange_prefix,
    )
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(twin, options.admin_password, options.quiet))
    except OSError as error:
        print(f"cannot listen on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
