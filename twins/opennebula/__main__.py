"""``python -m twins.opennebula``: one simulated OpenNebula until Ctrl-C."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import signal
import sys

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
    parser = argparse.ArgumentParser(prog="python -m twins.opennebula", description=__doc__)
    parser.add_argument("--port", type=int, default=2633, help="0 chooses a free one (default: 2633)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", metavar="FILE", help="keep the state in this file across restarts")
    parser.add_argument("--latency", choices=sorted(PROFILES), default="fast", help="how long things take")
    parser.add_argument("--admin-password", default="opennebula", help="of oneadmin")
    parser.add_argument("--release", choices=tuple(RELEASES), default="7.2.0", help="which OpenNebula it is like")
    parser.add_argument("--bare", action="store_true", help="as freshly installed: no images, templates, networks")
    parser.add_argument("--certfile", help="serve HTTPS with this certificate")
    parser.add_argument("--keyfile")
    parser.add_argument("--quiet", action="store_true", help="print nothing")
    return parser.parse_args(arguments)


async def serve(twin: OpenNebulaTwin, quiet: bool) -> None:
    task = asyncio.create_task(twin.serve())
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, twin.ask_to_stop)
    await asyncio.wait({task, asyncio.create_task(twin.started())}, return_when=asyncio.FIRST_COMPLETED)
    if not quiet and not task.done():
        print(BANNER.format(endpoint=twin.endpoint, session=twin.session, base_url=twin.base_url), flush=True)
    await task


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
    try:
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(serve(twin, options.quiet))
    except OSError as error:
        print(f"cannot listen on {options.host}:{options.port}: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
