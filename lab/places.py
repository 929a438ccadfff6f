"""Where things are: the repository, the lab's state and its virtual environment."""

import os
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
REPOSITORY = PACKAGE.parent
HOME = Path(os.environ.get("LAB_DIR") or REPOSITORY / ".lab").absolute()
VENV = HOME / "venv"


def program(name: str) -> Path:
    """A command installed into the lab's virtual environment."""
    return VENV / "bin" / name
