"""The periodic tasks: name, task, seconds between runs."""

BEAT_SCHEDULE = {
    "sweep-operations": {"task": "operations.sweep", "schedule": 5.0},
}
