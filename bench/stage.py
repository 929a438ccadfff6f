"""The stage of all benchmarks: database, web server and worker in this process, a twin cloud in another."""

import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from demo.processes import free_port, stop, wait_until_answers


class Stage:
    """A running system. `owner` and `provider` are HTTP sessions that carry their users' tokens."""

    def __init__(self, url: str, auth_url: str, worker: Any) -> None:
        self.url, self.auth_url, self.worker = url, auth_url, worker
        self.owner, self.provider = self._session("owner"), self._session("provider")
        self.project: str = self.get(self.owner, "projects")[0]["url"]

    def _session(self, username: str) -> requests.Session:
        session = requests.Session()
        login = {"username": username, "password": "demo"}
        token = session.post(f"{self.url}api-auth/password/", json=login).json()["token"]
        session.headers["Authorization"] = f"Token {token}"
        return session

    def get(self, session: requests.Session, path: str, **params: Any) -> Any:
        answer = session.get(f"{self.url}api/{path}/", params=params)
        answer.raise_for_status()
        return answer.json()

    def post(self, session: requests.Session, path: str, body: Any = None) -> Any:
        answer = session.post(f"{self.url}api/{path}/", json=body)
        if answer.status_code >= 400:
            raise SystemExit(f"POST {path}: {answer.status_code} {answer.text}")
        return answer.json()

    def wait(self, orders: list[str], seconds: float = 300) -> None:
        """Until all orders are done; a failed one ends the benchmark."""
        from waldur_mastermind.marketplace.models import Order

        end = time.monotonic() + seconds
        while time.monotonic() < end:
            states = dict(Order.objects.filter(uuid__in=orders).values_list("uuid", "state"))
            if failed := [uuid for uuid, state in states.items() if state == "erred"]:
                raise SystemExit(Order.objects.get(uuid=failed[0]).error_message)
            if all(state == "done" for state in states.values()):
                return
            time.sleep(0.005)
        raise SystemExit(f"Not done after {seconds} s.")


@contextmanager
def stage(latency: str = "instant", *options: str) -> Iterator[Stage]:
    """`options` are more of the twin's."""
    directory = Path(tempfile.mkdtemp(prefix="waldur-bench-"))
    directory.chmod(0o755)  # the embedded database runs as a user of its own
    os.environ |= {"WALDUR_STATE_DIR": str(directory), "DJANGO_SETTINGS_MODULE": "waldur_core.server.settings"}
    os.environ.setdefault("LOG_LEVEL", "ERROR")
    port = free_port(0)
    command = [sys.executable, "-m", "twins.openstack", "--port", str(port), "--latency", latency, "--quiet", *options]
    twin = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    auth_url = f"http://127.0.0.1:{port}/v3"
    try:
        wait_until_answers(auth_url, twin, "twin")
        with _server() as (url, worker):
            yield Stage(url, auth_url, worker)
    finally:
        stop([twin])
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def _server() -> Iterator[tuple[str, Any]]:
    import django

    django.setup()
    from django.core.management import call_command

    from demo.sample_data import make_people
    from waldur_core.server.http import Server
    from waldur_core.server.worker import EmbeddedWorker
    from waldur_core.server.wsgi import application

    call_command("migrate", verbosity=0)
    make_people()
    server, worker = Server(("127.0.0.1", 0), application, numthreads=8), EmbeddedWorker()
    server.prepare()
    threading.Thread(target=server.serve, daemon=True).start()
    worker.start()
    try:
        yield f"http://127.0.0.1:{server.bind_addr[1]}/", worker
    finally:
        server.stop()
        worker.stop()
