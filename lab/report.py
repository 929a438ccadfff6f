"""What the commands say while they work, and how they fail."""

import time

STARTED = time.monotonic()


class LabError(Exception):
    """Something the person at the terminal has to know; the text names the log to read."""


def say(text: str) -> None:
    print(f"{time.monotonic() - STARTED:6.1f} s  {text}", flush=True)
