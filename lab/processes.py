"""The cloud's processes: what they are, and how they start, stay known and stop.

A process is known by its pid together with the kernel's start time of that pid, never by a name:
a number that the kernel gave to someone else since is not ours.
"""

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path

from lab.cloud import APIS, HOST, Cloud, compute_numbers
from lab.places import VENV, program
from lab.waiting import wait_until

GRACE = 6.0  # seconds between SIGTERM and SIGKILL

Command = list[str | Path | int]


def commands(cloud: Cloud) -> dict[str, Command]:
    """Everything that runs, by name."""
    nova: Command = ["--config-file", cloud.conf("nova")]
    cinder: Command = ["--config-file", cloud.conf("cinder")]
    found: dict[str, Command] = {api: _wsgi(cloud, api) for api in APIS}
    for name in ("nova-conductor", "nova-scheduler"):
        found[name] = [program(name), *nova]
    for name in ("cinder-scheduler", "cinder-volume", "cinder-backup"):
        found[name] = [program(name), *cinder]
    for number in compute_numbers():
        config = cloud.conf("nova", f"compute-{number}.conf")
        driver: Command = [program("python"), "-m", "waldur_lab_drivers.compute"]
        found[f"nova-compute-{number}"] = [*driver, "--config-file", config]
    return found


def _wsgi(cloud: Cloud, api: str) -> Command:
    command: Command = [program("uwsgi"), "--http-socket", f"{HOST}:{cloud.port(api)}"]
    command += ["--module", f"{APIS[api].module}:application", "--virtualenv", VENV]
    command += ["--threads", 8, "--enable-threads", "--need-app", "--die-on-term", "--disable-logging"]
    command += ["--listen", 128, "--buffer-size", 65535]
    command += ["--http-chunked-input", "--chunked-input-limit", 64 << 20]  # uploads to Glance
    command += ["--add-header", "Connection: close"]  # uwsgi's plain socket keeps no connection alive
    if api == "cinder-api":
        # Cinder's WSGI module reads sys.argv.
        command += ["--pyargv", f"--config-file {cloud.conf('cinder')}"]
    return command


def environment(cloud: Cloud) -> dict[str, str]:
    inherited = {
        name: value
        for name, value in os.environ.items()
        # The caller's OpenStack login would mislead; so would his PYTHONPATH, and his
        # PYTHONDONTWRITEBYTECODE would have every start compile everything.
        if not name.startswith(("OS_", "PYTHON"))
    }
    services = ("keystone", "placement", "glance", "nova", "neutron")
    return {
        **inherited,
        **{f"OS_{service.upper()}_CONFIG_DIR": str(cloud.etc / service) for service in services},
        "OS_NEUTRON_CONFIG_FILES": "neutron.conf",
        "PATH": f"{VENV / 'bin'}:{os.environ['PATH']}",
        "PYTHONUNBUFFERED": "1",
    }


def spawn(cloud: Cloud, name: str) -> bool:
    """Start a process unless it runs; it outlives the shell that started it."""
    if pid(cloud, name):
        return False
    with cloud.log(name).open("ab") as log:
        started = subprocess.Popen(
            [str(word) for word in commands(cloud)[name]],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment(cloud),
            cwd=cloud.data,
            start_new_session=True,
        )
    (cloud.pids / name).write_text(f"{started.pid} {_start_time(started.pid)}")
    return True


def pid(cloud: Cloud, name: str) -> int | None:
    """The recorded pid of a process, if it is still that process."""
    try:
        number, start_time = (cloud.pids / name).read_text().split()
    except FileNotFoundError:
        return None
    return int(number) if _start_time(int(number)) == start_time else None


def _start_time(number: int) -> str | None:
    try:
        # The second field is the program's name and may contain anything, even ") ".
        fields = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, start_time = fields[0], fields[19]
    return None if state == "Z" else start_time


def stop(cloud: Cloud) -> list[str]:
    """Stop what was started and say what it was."""
    running = {name: number for name in _recorded(cloud) if (number := pid(cloud, name))}
    for number in running.values():
        os.kill(number, signal.SIGTERM)
    wait_until(lambda: not any(pid(cloud, name) for name in running), GRACE)
    for number in running.values():
        with contextlib.suppress(ProcessLookupError):
            os.killpg(number, signal.SIGKILL)  # each leads its own group: children go with it
    wait_until(lambda: not any(_alive(number) for number in running.values()), GRACE)  # their ports are free only then
    for name in _recorded(cloud):
        (cloud.pids / name).unlink()
    return list(running)


def _alive(leader: int) -> bool:
    return any(_start_time(number) for number in _family(leader))


def _recorded(cloud: Cloud) -> list[str]:
    return sorted(path.name for path in cloud.pids.iterdir()) if cloud.pids.is_dir() else []


def memory(leader: int) -> float:
    """MiB that a process and its children take, each shared page divided among its users."""
    total = 0
    for number in _family(leader):
        try:
            lines = Path(f"/proc/{number}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def _family(leader: int) -> Iterable[int]:
    """All processes of the session that the leader was given when it started."""
    for path in Path("/proc").glob("[0-9]*"):
        number = int(path.name)
        try:
            if os.getsid(number) == leader:
                yield number
        except ProcessLookupError:
            continue
