"""``python -m twins.opennebula``: one simulated OpenNebula until Ctrl-C."""

from __future__ import annotations

import argparse
import sys

from twins.command import parser_of, run

from .releases import RELEASES
from .transitions import PROFILES
from .twin import OpenNebulaTwin

BANNER = """\
A simulated OpenNebula is listening.

  export ONE_XMLRPC={endpoint}
  pyone.OneServer("{endpoint}", session="{session}")

Inspection and faults: {base_url}/_twin/    Stop: Ctrl-C
"""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = parser_of("twins.opennebula", about=__doc__, port=2633, latencies=PROFILES)
    parser.add_argument("--admin-password", default="opennebula", help="of oneadmin")
    parser.add_argument("--release", choices=tuple(RELEASES), default="7.2.0", help="which OpenNebula it is like")
    parser.add_argument("--bare", action="store_true", help="as freshly installed: no images, templates, networks")
    return parser.parse_args(arguments)


def main() -> int:
    options = parse()
    twin = OpenNebulaTwin(
        port=options.port,
        latency=options.latency,
        state=options.state,
        host=options.host,
        certfile=options.certfile,
        keyfile=options.keyfile,
        admin_password=options.admin_password,
        version=options.release,
        bare=options.bare,
    )

    def greeting() -> str:
        return BANNER.format(endpoint=twin.endpoint, session=twin.session, base_url=twin.base_url)

    return run(twin, greeting, quiet=options.quiet)


if __name__ == "__main__":
    sys.exit(main())
