"""The lab's virtual environment: all OpenStack services, and our drivers, in one."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from lab import places
from lab.places import VENV, program
from lab.report import LabError, say

LOCK = places.PACKAGE / "requirements.lock.txt"
DRIVERS = places.PACKAGE / "drivers"
LOG = places.HOME / "install.log"


def ensure() -> None:
    _ensure("packages", [LOCK], _install_packages)
    _ensure("drivers", [*sorted(DRIVERS.rglob("*.py")), DRIVERS / "pyproject.toml"], _install_drivers)


def _ensure(what: str, sources: list[Path], install: Callable[[], None]) -> None:
    """Install unless the venv already holds what these sources ask for."""
    digest = hashlib.sha256(sys.version.encode())
    for source in sources:
        digest.update(source.read_bytes())
    stamp = VENV / f"lab-{what}.sha256"
    if stamp.exists() and stamp.read_text() == digest.hexdigest():
        return
    install()
    stamp.write_text(digest.hexdigest())
    say(f"installed: {what}")


def _install_packages() -> None:
    shutil.rmtree(VENV, ignore_errors=True)
    places.HOME.mkdir(parents=True, exist_ok=True)
    LOG.unlink(missing_ok=True)
    say(f"installing OpenStack into {VENV}")
    _run(sys.executable, "-m", "venv", VENV)
    _run(program("python"), "-m", "pip", "install", "uv")
    _uv_install("-r", LOCK)


def _install_drivers() -> None:
    _uv_install("--no-deps", "--reinstall", DRIVERS)


def _uv_install(*what: str | Path) -> None:
    """uv takes a quarter of pip's time. It does not read pip's configuration, so where packages
    come through an index that only pip knows of, pip does the work."""
    try:
        # Every process would compile the same modules again at the first start.
        _run(program("uv"), "pip", "install", "--python", program("python"), "--compile-bytecode", *what)
    except LabError:
        say("uv could not install; trying pip")
        _run(program("python"), "-m", "pip", "install", *(w for w in what if w != "--reinstall"))


def _run(*command: str | Path) -> None:
    # Some containers set this; the venv would then be compiled again at every start.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    with LOG.open("a") as log:
        done = subprocess.run(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
    if done.returncode:
        raise LabError(f"{' '.join(map(str, command))} failed; see {LOG}")
