"""The processes of the demo: two twin clouds and the server. They end with the demo, and nothing else does."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

STATE_DIR = Path(os.environ.get("WALDUR_STATE_DIR", ".demo")).resolve()
DESCRIPTION = STATE_DIR / "demo.json"


def free_port(preferred: int) -> int:
    """`preferred` when nobody has it, else any free port."""
    for port in (preferred, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise RuntimeError("no free port")


def spawn(name: str, *command: str) -> subprocess.Popen[bytes]:
    """Start a process in a group of its own, with its output in `<state>/<name>.log`."""
    STATE_DIR.mkdir(parents=True, exist_ok=True)
    log = (STATE_DIR / f"{name}.log").open("ab")
    return subprocess.Popen([sys.executable, *command], stdout=log, stderr=log, start_new_session=True)


def wait_until_answers(url: str, process: subprocess.Popen[bytes], name: str, seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise SystemExit(f"{name} has ended; see {STATE_DIR / name}.log")
        try:
            urllib.request.urlopen(url, timeout=2)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit(f"{name} does not answer; see {STATE_DIR / name}.log")


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """Politely, last started first; after ten seconds no longer politely."""
    for process in reversed(processes):
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


def stop_database() -> None:
    """Stop the embedded PostgreSQL when a killed server has left it running; its own last user stops it otherwise."""
    pid_file = STATE_DIR / "postgres" / "postmaster.pid"
    try:
        pid = int(pid_file.read_text().split()[0])
        os.kill(pid, signal.SIGINT)
    except (OSError, ValueError, IndexError):
        return
    for _ in range(100):
        if not pid_file.exists():
            return
        time.sleep(0.1)


def running() -> dict[str, Any] | None:
    """The description of the demo that runs now, if one does."""
    try:
        described: dict[str, Any] = json.loads(DESCRIPTION.read_text())
        os.kill(described["pid"], 0)
        urllib.request.urlopen(f"{described['url']}api/configuration/", timeout=2)
    except (OSError, ValueError, KeyError):
        return None
    return described
