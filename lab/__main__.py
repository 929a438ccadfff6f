"""A real OpenStack control plane on one machine, for the tests."""

import argparse
import fcntl
import sys

from lab import health, lifecycle, places
from lab.cloud import CLOUDS, Cloud
from lab.report import LabError


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m lab", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in {
        "up": "install what is missing, start what does not run (idempotent)",
        "down": "stop what `up` started; the contents stay",
        "status": "health and memory of each process; exit code 1 unless all work",
        "reset": "back to the first contents",
        "rc": "print the admin's openrc",
        "check": "one server's life through openstacksdk, with seconds per operation",
    }.items():
        command = commands.add_parser(name, help=text)
        command.add_argument("--cloud", choices=CLOUDS, default="c1")
        if name == "reset":
            command.add_argument("--hard", action="store_true", help="build the databases anew")
    arguments = parser.parse_args()
    cloud = Cloud(arguments.cloud)
    try:
        match arguments.command:
            case "rc":
                print(cloud.openrc(), end="")
            case "status":
                return 0 if health.show(cloud) else 1
            case "check":
                _check(cloud)
            case _:
                _change(arguments, cloud)
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    return 0


def _check(cloud: Cloud) -> None:
    try:
        from lab import check  # the only command that needs more than the standard library
    except ImportError as error:
        raise LabError(f"{error}; try {places.program('python')} -m lab check") from error
    check.run(cloud)


def _change(arguments: argparse.Namespace, cloud: Cloud) -> None:
    """One at a time: two starts of the same cloud would spoil each other's databases."""
    places.HOME.mkdir(parents=True, exist_ok=True)
    with (places.HOME / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        match arguments.command:
            case "up":
                lifecycle.up(cloud)
            case "down":
                lifecycle.down(cloud)
            case "reset":
                lifecycle.reset(cloud, arguments.hard)


if __name__ == "__main__":
    sys.exit(main())
