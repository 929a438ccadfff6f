"""What happens later by itself in the simulated OpenStack, and how long it takes."""

from __future__ import annotations

from twins.timetable import Timetable

PROFILES: dict[str, dict[str, float]] = {
    "instant": {"*": 0.0},
    "fast": {"*": 0.03},
    "real": {
        "*": 1.0,
        "server.build": 6.0,
        "server.resize": 8.0,
        "server.reboot": 3.0,
        "server.delete": 2.0,
        "volume.create": 1.5,
        "volume.retype": 3.0,
        "backup.create": 4.0,
        "backup.restore": 4.0,
    },
}

TIMETABLE = Timetable(PROFILES)
transition = TIMETABLE.transition
failure = TIMETABLE.failure
delays = TIMETABLE.delays
schedule = TIMETABLE.schedule
schedule_in = TIMETABLE.schedule_in
advance = TIMETABLE.advance
