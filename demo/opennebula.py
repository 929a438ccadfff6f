"""The OpenNebula of the demo: a simulated cloud, an agent in its own environment, a first VDC."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import requests

from demo.processes import STATE_DIR, free_port, spawn, wait_until_answers

PYTHON = Path(__file__).parents[1] / "plugins/opennebula/.venv/bin/python"
CREDENTIALS = "oneadmin:opennebula"
MODES = ("order_process", "membership_sync", "report")
FIRST_VDC = "Demo VDC"  # the parent of machines; becomes demo-vdc in OpenNebula
LIMITS = {"cpu": 16, "ram": 32, "storage": 200, "floating_ip": 2}


def start_twin(started: list[subprocess.Popen[bytes]]) -> str:
    """Its endpoint."""
    port = free_port(2633)
    command = ("-m", "twins.opennebula", "--port", str(port), "--state", str(STATE_DIR / "twin-opennebula.json"))
    process = spawn("twin-opennebula", *command, "--latency", "fast", "--quiet")
    started.append(process)
    endpoint = f"http://127.0.0.1:{port}/RPC2"
    wait_until_answers(endpoint, process, "twin-opennebula")
    return endpoint


def start_agents(url: str, endpoint: str, access: dict[str, str], started: list[subprocess.Popen[bytes]]) -> None:
    """One process per mode, as operators run it."""
    config = STATE_DIR / "agent.json"  # JSON is YAML
    config.touch(mode=0o600)
    config.write_text(json.dumps({"offerings": [offering(url, endpoint, access, kind) for kind in ("vdc", "vm")]}))
    for mode in MODES:
        heartbeat = STATE_DIR / f"agent-{mode}"
        heartbeat.mkdir(exist_ok=True)
        command = [str(PYTHON), "-m", "demo.site_agent", "-m", mode, "-c", str(config)]
        log = (STATE_DIR / f"agent-{mode}.log").open("ab")
        env = {**os.environ, "TMPDIR": str(heartbeat)}
        started.append(subprocess.Popen(command, stdout=log, stderr=log, env=env, start_new_session=True))


def offering(url: str, endpoint: str, access: dict[str, str], kind: str) -> dict[str, Any]:
    """As in the README of the plugin."""
    modes = ("order_processing_backend", "membership_sync_backend", "reporting_backend")
    special = {"create_opennebula_user": True} if kind == "vdc" else {"resource_type": "vm", "template_id": 0}
    return {
        "name": f"OpenNebula {kind.upper()}",
        "waldur_api_url": f"{url}api/",
        "waldur_api_token": access["token"],
        "waldur_offering_uuid": access[kind],
        "backend_type": "opennebula",
        **dict.fromkeys(modes, "opennebula"),
        "backend_settings": {"api_url": endpoint, "credentials": CREDENTIALS, **special},
        "backend_components": {},
    }


def order_first_vdc(url: str, access: dict[str, str]) -> None:
    """Once: the offering of machines needs a VDC to put them into."""
    web = requests.Session()
    login = web.post(f"{url}api-auth/password/", json={"username": "owner", "password": "demo"}).json()
    web.headers["Authorization"] = f"Token {login['token']}"
    if web.get(f"{url}api/marketplace-resources/", params={"offering_uuid": access["vdc"]}).json():
        return
    found = web.get(f"{url}api/marketplace-public-offerings/{access['vdc']}/").json()
    project = web.get(f"{url}api/projects/").json()[0]
    order = {"offering": found["url"], "project": project["url"], "plan": found["plans"][0]["url"], "limits": LIMITS}
    answer = web.post(f"{url}api/marketplace-orders/", json={**order, "attributes": {"name": FIRST_VDC}})
    if answer.status_code != 201:
        raise SystemExit(f"The first VDC could not be ordered: {answer.text}")
