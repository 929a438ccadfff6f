"""What happens later by itself in the simulated OpenNebula, and how long it takes."""

from __future__ import annotations

from twins.timetable import Timetable

PROFILES: dict[str, dict[str, float]] = {
    "instant": {"*": 0.0},
    "fast": {"*": 0.03},
    "real": {
        "*": 0.04,
        "vm.schedule": 3.0,
        "vm.prolog": 0.03,
        "vm.boot": 0.05,
        "vnet.create": 0.025,
        "vnet.delete": 0.05,
        "image.create": 0.03,
        "image.delete": 0.03,
        "host.monitor": 2.0,
    },
}

TIMETABLE = Timetable(PROFILES)
transition = TIMETABLE.transition
failure = TIMETABLE.failure
delays = TIMETABLE.delays
schedule = TIMETABLE.schedule
advance = TIMETABLE.advance
