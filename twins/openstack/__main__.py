"""``python -m twins.openstack``: one simulated cloud until Ctrl-C."""

from __future__ import annotations

import argparse
import sys

from twins.command import parser_of, run

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
    parser = parser_of("twins.openstack", about=__doc__, port=5000, latencies=PROFILES)
    parser.add_argument("--region", default="RegionOne")
    parser.add_argument("--admin-password", default="secret")
    parser.add_argument("--external-cidr", default="", help="addresses of the external network")
    parser.add_argument("--token-ttl", type=float, default=86400.0, help="seconds until a token expires")
    parser.add_argument("--broker", default="", metavar="URL", help="send notifications to this RabbitMQ")
    parser.add_argument("--exchange-prefix", default="", help="goes before the names of the exchanges there")
    return parser.parse_args(arguments)


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

    def greeting() -> str:
        return BANNER.format(
            auth_url=twin.auth_url,
            base_url=twin.base_url,
            password=options.admin_password,
            region=twin.settings.region,
        )

    return run(twin, greeting, quiet=options.quiet)


if __name__ == "__main__":
    sys.exit(main())
