"""The lab's virtual environment: all OpenStack services, and our drivers, in one."""

import hashlib
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
UV = "uv==0.13.8"
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
    _run(program("python"), "-m", "pip", "install", UV)
    _uv_install("-r", LOCK)


def _install_drivers() -> None:
    _uv_install("--no-deps", "--force-reinstall", DRIVERS)


def _uv_install(*what: str | Path) -> None:
    """uv takes a tenth of pip's time: 7 s, not 70.

    It compiles nothing: the first start does that, and only for the third of the modules that is used.
    It does not read pip's configuration either, so where packages come through an index that only pip
    knows of, pip does the work.
    """
    try:
        _run(program("uv"), "pip", "install", "--python", program("python"), *what)
    except LabError:
        say("uv could not install; trying pip")
        _run(program("python"), "-m", "pip", "install", *what)


def _run(*command: str | Path) -> None:
    with LOG.open("a") as log:
        done = subprocess.run(command, stdout=log, stderr=subprocess.STDOUT)
    if done.returncode:
        raise LabError(f"{' '.join(map(str, command))} failed; see {LOG}")
