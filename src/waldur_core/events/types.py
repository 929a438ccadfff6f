"""The event types, by group (states-and-flows §11)."""

RESOURCE_ACTIONS = (
    "pull",
    "start",
    "stop",
    "restart",
    "rescue",
    "unrescue",
    "attach",
    "detach",
    "extend",
    "retype",
    "change_flavor",
    "update_metadata",
)
BACKUP_CHANGES = ("creation", "deletion", "restoration")
OUTCOMES = ("scheduled", "succeeded", "failed")

PULL_OUTCOMES = ("pulled", "imported", "cleaned")  # changed, found, and gone in the cloud


def _changes(kind: str) -> tuple[str, ...]:
    return tuple(f"openstack_{kind}_{what}" for what in ("created", "updated", "deleted"))


def _pulls(kind: str) -> tuple[str, ...]:
    return tuple(f"openstack_{kind}_{outcome}" for outcome in PULL_OUTCOMES)


GROUPS: dict[str, tuple[str, ...]] = {
    "resources": (
        *(f"resource_{what}_{outcome}" for what in ("creation", "deletion") for outcome in OUTCOMES),
        "resource_update_succeeded",
        "resource_import_scheduled",
        "resource_import_succeeded",
        "resource_import_failed",
        *(f"resource_{action}_{outcome}" for action in RESOURCE_ACTIONS for outcome in OUTCOMES),
        *(f"resource_backup_{what}_{outcome}" for what in BACKUP_CHANGES for outcome in OUTCOMES),
    ),
    "openstack_network": _changes("network") + _pulls("network"),
    "openstack_subnet": _changes("subnet") + _pulls("subnet"),
    "openstack_router": (
        *(f"openstack_router_{what}" for what in ("updated", "interface_added", "interface_removed")),
        *_pulls("router"),
    ),
    "openstack_port": _pulls("port"),
    "openstack_migration": (
        *(f"openstack_migration_{outcome}" for outcome in OUTCOMES),
        *(f"openstack_migration_rollback_{outcome}" for outcome in OUTCOMES),
        "openstack_migration_updated",
    ),
    "openstack_floating_ip": _pulls("floating_ip"),
    "openstack_security_group": _pulls("security_group"),
    "openstack_resources": (
        "openstack_server_group_created",
        "openstack_server_group_deleted",
        *_pulls("server_group"),
        *_pulls("rbac_policy"),
    ),
    "openstack_drifts": tuple(
        f"openstack_drift_{what}" for what in ("detected", "resolved", "adopted", "revert_scheduled")
    ),
    "openstack_stuck": ("openstack_stuck_resource_recovered", "openstack_stuck_resource_erred"),
    "orders": tuple(
        f"marketplace_order_{what}"
        for what in ("created", "approved", "rejected", "completed", "terminated", "failed", "unlinked")
    )
    + tuple(
        f"marketplace_resource_{what}_{outcome}"
        for what in ("create", "update", "terminate", "restore")
        for outcome in ("requested", "succeeded", "failed", "canceled")
    )
    + (
        "marketplace_resource_erred_on_backend",
        "marketplace_resource_plan_switched",
        "marketplace_resource_unlinked",
        "marketplace_resource_update_limits_failed",
        "marketplace_resource_update_limits_succeeded",
        "marketplace_resource_update_end_date_succeeded",
        "resource_api_key_revealed",
    ),
    "offerings": (
        "marketplace_offering_created",
        "marketplace_offering_updated",
        "marketplace_offering_component_created",
        "marketplace_offering_component_updated",
        "marketplace_offering_component_deleted",
        "marketplace_plan_created",
        "marketplace_plan_updated",
        "marketplace_plan_archived",
    ),
    "invoices": ("invoice_created", "invoice_paid"),
    "quotas": ("openstack_tenant_quota_limit_updated", "quota_nearly_used", "quota_used_up"),
    "images": tuple(f"openstack_image_{what}" for what in ("created", "uploaded", "upload_failed", "deleted")),
    "operations": ("operation_retried", "operation_cancel_requested"),
    "users": (
        "user_creation_succeeded",
        "user_update_succeeded",
        "user_deletion_succeeded",
        "user_activated",
        "user_deactivated",
        "user_password_updated",
        "user_password_updated_by_staff",
    ),
    "auth": (
        "auth_logged_in_with_username",
        "auth_login_failed_with_username",
        "auth_logged_out",
        "token_created",
        "token_lifetime_updated",
        "token_revoked",
    ),
    "permissions": (
        "role_granted",
        "role_revoked",
        "role_updated",
        "role_definition_created",
        "role_definition_updated",
        "role_definition_deleted",
        "role_enabled",
        "role_disabled",
    ),
    "ssh": ("ssh_key_creation_succeeded", "ssh_key_deletion_succeeded"),
    "customers": ("customer_creation_succeeded", "customer_update_succeeded", "customer_deletion_succeeded"),
    "projects": ("project_creation_succeeded", "project_update_succeeded", "project_deletion_succeeded"),
}

ALL = frozenset(event_type for group in GROUPS.values() for event_type in group)

# Types of our own. Clients of the published API know a closed list, so `/api/metadata/` names these apart.
OWN = frozenset(
    {
        "operation_retried",
        "operation_cancel_requested",
        "token_revoked",
        "quota_nearly_used",
        "quota_used_up",
        "resource_import_scheduled",
        "resource_import_failed",
        "resource_api_key_revealed",
        *GROUPS["images"],
        *(f"marketplace_resource_restore_{outcome}" for outcome in ("requested", "succeeded", "failed", "canceled")),
        *GROUPS["openstack_drifts"],
        *GROUPS["openstack_migration"],
        *GROUPS["openstack_stuck"],
        *_pulls("router"),
        *_pulls("floating_ip"),
        *_pulls("rbac_policy"),
    }
)
