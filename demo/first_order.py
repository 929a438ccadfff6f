"""`make first-order`: runs examples/first_order.py against the running demo, or against one started for it."""

import argparse
import subprocess
import sys
import time
from typing import Any

from demo import processes

LAB = ("--keystone", "http://127.0.0.1:5000/v3", "--cloud-user", "admin", "--cloud-password", "labsecret")


def main() -> int:
    parser = argparse.ArgumentParser(prog="demo.first_order", description=__doc__)
    parser.add_argument("--lab", action="store_true", help="connect the real OpenStack of `make lab`, not a twin")
    options = parser.parse_args()
    found, started = processes.running(), []
    if found is None:
        print("No demo is running: starting one for this order.")
        started.append(processes.spawn("demo", "-m", "demo", "--port", "0"))
        found = wait_for_demo(started[0])
    try:
        cloud = LAB if options.lab else ("--keystone", found["clouds"][0]["auth_url"])
        command = [sys.executable, "-m", "examples.first_order", "--url", found["url"], *cloud]
        return subprocess.run(command, check=False).returncode
    finally:
        processes.stop(started)


def wait_for_demo(process: subprocess.Popen[bytes], seconds: float = 120) -> dict[str, Any]:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        if found := processes.running():
            return found
        time.sleep(0.2)
    raise SystemExit(f"The demo did not start; see the logs in {processes.STATE_DIR}.")


if __name__ == "__main__":
    sys.exit(main())
