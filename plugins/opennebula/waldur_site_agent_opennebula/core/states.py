"""States of OpenNebula's machines, as its XML has them."""

from __future__ import annotations

from .markup import Thing

DONE, PENDING, HOLD, ACTIVE, POWEROFF, SUSPENDED = "6", "1", "2", "3", "8", "5"  # STATE
RUNNING = ("3", "3")
FAILED = {"14", "36", "37", "38", "39", "40", "41", "42", "44", "46", "47", "48", "49", "50"}  # LCM_STATE …_FAILURE
ENDING = ("11", "12", "23")  # LCM_STATE: EPILOG, SHUTDOWN, CLEANUP_DELETE


def state(vm: Thing) -> tuple[str, str]:
    return vm.text("STATE"), vm.text("LCM_STATE")
