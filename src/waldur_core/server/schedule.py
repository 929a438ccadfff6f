"""The periodic tasks: name, task, seconds between runs."""

import os

HOUR = 3600.0
MINUTE = 60.0


def every(variable: str, default: float) -> float:
    """Seconds between runs, from the environment."""
    return float(os.environ.get(variable, default))


# seed: Scheduled Tasks; the first one makes changes show sooner
PERIODS = {
    name: every(f"OPENSTACK_{name.upper()}_SECONDS", default)
    for name, default in {
        "sync_changes": MINUTE,
        "pull_quotas": 12 * HOUR,
        "pull_resources": HOUR,
        "pull_subresources": 2 * HOUR,
        "pull_properties": 24 * HOUR,
        "resolve_stuck_resources": HOUR,
        "mark_stuck_updating_tenants_as_erred": HOUR,
        "mark_stuck_deleting_tenants_as_erred": 24 * HOUR,
        "delete_expired_backups": 10 * MINUTE,
        "delete_expired_snapshots": 10 * MINUTE,
    }.items()
}

BEAT_SCHEDULE = {
    "sweep-operations": {"task": "operations.sweep", "schedule": 5.0},
    "check-ssh-keys": {"task": "openstack.check_keys", "schedule": HOUR},
    "release-waiting-orders": {"task": "marketplace.release_waiting_orders", "schedule": 24 * HOUR},
    "terminate-expired-resources": {"task": "marketplace.terminate_expired_resources", "schedule": 24 * HOUR},
    "apply-future-prices": {"task": "marketplace.apply_future_prices", "schedule": 24 * HOUR},
    "bring-invoices-up-to-date": {"task": "billing.bring_up_to_date", "schedule": HOUR},
    "follow-storage-modes": {"task": "marketplace_openstack.follow_storage_modes", "schedule": 5 * MINUTE},
    "create-resources-for-lost-instances-and-volumes": {
        "task": "marketplace_openstack.create_resources_for_lost_instances_and_volumes",
        "schedule": every("LOST_RESOURCES_SECONDS", 6 * HOUR),
    },
    "refresh-instance-backend-metadata": {
        "task": "marketplace_openstack.refresh_instance_backend_metadata",
        "schedule": every("INSTANCE_METADATA_SECONDS", 24 * HOUR),
    },
    "end-stuck-terminations": {
        "task": "marketplace_openstack.end_stuck_terminations",
        "schedule": every("STUCK_TERMINATIONS_SECONDS", 2 * HOUR),
    },
    "carry-messages-to-agents": {"task": "site_agent.carry_messages", "schedule": 30.0},
    "close-stale-queues-of-agents": {"task": "site_agent.close_stale_queues", "schedule": MINUTE},
    "run-due-schedules": {"task": "openstack.run_due_schedules", "schedule": 10 * MINUTE},
    "forget-sync-runs": {"task": "openstack.forget_sync_runs", "schedule": 24 * HOUR},
    **{
        name.replace("_", "-"): {"task": f"openstack.{name}", "schedule": period, "options": {"expires": period}}
        for name, period in PERIODS.items()
    },
}
