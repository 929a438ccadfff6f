"""The periodic tasks: name, task, seconds between runs."""

HOUR = 3600.0
MINUTE = 60.0

BEAT_SCHEDULE = {
    "sweep-operations": {"task": "operations.sweep", "schedule": 5.0},
    "check-ssh-keys": {"task": "openstack.check_keys", "schedule": HOUR},
    "release-waiting-orders": {"task": "marketplace.release_waiting_orders", "schedule": 24 * HOUR},
    "terminate-expired-resources": {"task": "marketplace.terminate_expired_resources", "schedule": 24 * HOUR},
    "apply-future-prices": {"task": "marketplace.apply_future_prices", "schedule": 24 * HOUR},
    "bring-invoices-up-to-date": {"task": "billing.bring_up_to_date", "schedule": HOUR},
    "run-due-schedules": {"task": "openstack.run_due_schedules", "schedule": 10 * MINUTE},
    "delete-expired-backups": {"task": "openstack.delete_expired_backups", "schedule": 10 * MINUTE},
    "delete-expired-snapshots": {"task": "openstack.delete_expired_snapshots", "schedule": 10 * MINUTE},
}
