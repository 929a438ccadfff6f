"""`python -m demo`: twin clouds, server and sample data; Ctrl-C stops what it started."""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import Any

from demo import opennebula, processes
from demo.processes import DESCRIPTION, STATE_DIR, free_port, spawn, wait_until_answers

TWINS = ("alpha", "beta")


def main() -> None:
    parser = argparse.ArgumentParser(prog="demo", description=__doc__)
    parser.add_argument("command", nargs="?", choices=["start", "reset"], default="start")
    parser.add_argument("--port", type=int, default=8000, help="preferred port of the API; another when it is taken")
    options = parser.parse_args()
    if found := processes.running():
        raise SystemExit(f"A demo is running already at {found['url']} (process {found['pid']}). Stop it first.")
    if options.command == "reset":
        shutil.rmtree(STATE_DIR, ignore_errors=True)
        print(f"Removed {STATE_DIR.name}/. `make demo` starts afresh.")
        return
    started: list[subprocess.Popen[bytes]] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        run(options.port, started)
    except KeyboardInterrupt:
        print("\nStopping…")
    finally:
        processes.stop(started)
        processes.stop_database()
        DESCRIPTION.unlink(missing_ok=True)


def run(port: int, started: list[subprocess.Popen[bytes]]) -> None:
    began = time.monotonic()
    STATE_DIR.mkdir(parents=True, exist_ok=True)
    os.environ["WALDUR_STATE_DIR"] = str(STATE_DIR)
    clouds = [start_twin(name, 5000 + 10 * number, started) for number, name in enumerate(TWINS, start=1)]
    with_agent = opennebula.PYTHON.exists()
    endpoint = opennebula.start_twin(started) if with_agent else ""
    prepared = prepare(clouds)
    port = free_port(port)
    url = f"http://127.0.0.1:{port}/"
    server = spawn("server", "-m", "waldur_core.server.manage", "serve", "--worker", "--port", str(port))
    started.append(server)
    wait_until_answers(f"{url}api/configuration/", server, "server")
    if with_agent:
        opennebula.order_first_vdc(url, prepared["agent"])
        opennebula.start_agents(url, endpoint, prepared["agent"], started)
    described = {"pid": os.getpid(), "url": url, "clouds": clouds, "logins": prepared["logins"], "opennebula": endpoint}
    DESCRIPTION.write_text(json.dumps(described, indent=2))
    announce(described, time.monotonic() - began)
    while all(process.poll() is None for process in started):
        time.sleep(0.5)
    raise SystemExit(f"One of the demo's processes has ended; see the logs in {STATE_DIR}.")


def start_twin(name: str, preferred: int, started: list[subprocess.Popen[bytes]]) -> dict[str, Any]:
    port, state = free_port(preferred), str(STATE_DIR / f"twin-{name}.json")
    command = ("-m", "twins.openstack", "--port", str(port), "--state", state, "--latency", "fast", "--quiet")
    process = spawn(f"twin-{name}", *command)
    started.append(process)
    url = f"http://127.0.0.1:{port}/v3"
    wait_until_answers(url, process, f"twin-{name}")
    return {"name": name, "auth_url": url, "username": "admin", "password": "secret", "tenant_name": "admin"}


def prepare(clouds: list[dict[str, Any]]) -> dict[str, Any]:
    """Tables and sample data, in a process of its own so that the database is free before the server starts."""
    command = [sys.executable, "-m", "demo.sample_data", json.dumps(clouds)]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE)
    if done.returncode:
        raise SystemExit("The sample data could not be made; the reason stands above.")
    return dict(json.loads(done.stdout))


def announce(described: dict[str, Any], seconds: float) -> None:
    url = described["url"]
    print(f"\nThe marketplace is up after {seconds:.0f} s.\n\n  API      {url}api/\n  Schema   {url}api/schema/")
    for cloud in described["clouds"]:
        print(f"  Cloud    {cloud['auth_url']}  (twin {cloud['name']}: admin / secret, project admin)")
    if described["opennebula"]:
        print(f"  Cloud    {described['opennebula']}  (OpenNebula twin: {opennebula.CREDENTIALS.replace(':', ' / ')})")
    else:
        print("  No OpenNebula: `make plugin-environment` has not been run.")
    print("\n  Who              Username    Password")
    for login in described["logins"]:
        print(f"  {login['who']:<16} {login['username']:<11} {login['password']}")
    print("\nTry: make first-order   (in another terminal)")
    print("     Ctrl-C here stops everything; `make demo-reset` starts over.\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
