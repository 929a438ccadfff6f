"""The real agent, as its users run it: its own environment, a YAML file, a process of its own."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

ROOT = Path(__file__).parents[2]
BIN = Path(os.environ.get("SITE_AGENT_BIN", ROOT / "plugins/opennebula/.venv/bin"))
PLUGIN = ROOT / "plugins/opennebula"
BACKEND = Path(__file__).parent / "agent_backend"


def needs_agent() -> None:
    """Skips or fails a test when the agent's environment has not been made."""
    if (BIN / "waldur_site_agent").exists():
        return
    if os.environ.get("REQUIRE_COMPONENTS") == "1":
        pytest.fail("needs the site agent: run `make plugin-environment`")
    pytest.skip("needs the site agent: run `make plugin-environment`")


class Process(Protocol):
    """A running agent."""

    def send_signal(self, sig: int, /) -> None: ...
    def kill(self) -> None: ...
    def wait(self, timeout: float | None = None) -> object: ...


class Agent:
    """An installation of the agent: configuration, ledger, log."""

    def __init__(self, folder: Path, url: str, token: str, offering_uuid: str, **more: Any) -> None:
        self.folder, self.ledger_path, self.log = folder, folder / "ledger.json", folder / "agent.log"
        backends = ("order_processing_backend", "membership_sync_backend", "reporting_backend")
        offering = {
            "name": "Ledger",
            "waldur_api_url": f"{url}/api/",
            "waldur_api_token": token,
            "waldur_offering_uuid": offering_uuid,
            "backend_type": "ledger",
            **dict.fromkeys(backends, "ledger"),
            "backend_settings": {"path": str(self.ledger_path), "allocation_prefix": "led-"},
            # fixed ones must stand here: what the agent adds by itself may only be limits and usage
            "backend_components": {
                "vcpu": {"measured_unit": "cores", "accounting_type": "limit", "label": "vCPU", "unit_factor": 1}
            },
            **more,
        }
        self.start: Callable[[str], Process] = self.start_anew  # in a mode
        self.config = folder / "agent.json"  # JSON is YAML
        self.config.write_text(json.dumps({"offerings": [offering]}))

    def serve_also(self, *others: "Agent") -> "Agent":
        """One process for the offerings of all."""
        configs = [json.loads(agent.config.read_text()) for agent in (self, *others)]
        self.config.write_text(json.dumps({"offerings": [each for found in configs for each in found["offerings"]]}))
        return self

    def ledger(self) -> dict[str, Any]:
        """What the back end has now."""
        found: dict[str, Any] = json.loads(self.ledger_path.read_text()) if self.ledger_path.exists() else {}
        return found

    def command(self, name: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command that ends by itself."""
        return subprocess.run(
            [BIN / name, *arguments, "-c", self.config],
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=90,
        )

    def start_anew(self, mode: str) -> "subprocess.Popen[bytes]":
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [BIN / "waldur_site_agent", "-m", mode, "-c", self.config],
                env=self.environment(),
                stdout=log,
                stderr=log,
            )

    def works(self, mode: str, until: Callable[[], Any], seconds: float = 120) -> None:
        """Run in a mode until something is the case."""
        process = self.start(mode)
        try:
            self.wait(until, seconds)
        finally:
            stop(process)

    def wait(self, until: Callable[[], Any], seconds: float = 120) -> None:
        end = time.monotonic() + seconds
        while not until():
            if time.monotonic() > end:
                raise AssertionError(f"Not within {seconds} s:\n{self.log.read_text()[-6000:]}")
            time.sleep(0.2)

    def environment(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "PYTHONPATH": f"{BACKEND}:{PLUGIN}",  # the plugin of this checkout, wherever the environment is
            "PYTHONDONTWRITEBYTECODE": "1",
        }


def stop(process: Process) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
