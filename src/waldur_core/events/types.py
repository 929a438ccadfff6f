"""The event types, by group (states-and-flows §11)."""

RESOURCE_ACTIONS = ("pull", "start", "stop", "restart", "attach", "detach", "extend", "change_flavor")
OUTCOMES = ("scheduled", "succeeded", "failed")

GROUPS: dict[str, tuple[str, ...]] = {
    "resources": (
        *(f"resource_{what}_{outcome}" for what in ("creation", "deletion") for outcome in OUTCOMES),
        "resource_update_succeeded",
        *(f"resource_{action}_{outcome}" for action in RESOURCE_ACTIONS for outcome in OUTCOMES),
    ),
    "openstack_network": tuple(f"openstack_network_{what}" for what in ("created", "updated", "deleted")),
    "openstack_subnet": tuple(f"openstack_subnet_{what}" for what in ("created", "updated", "deleted")),
    "openstack_router": tuple(
        f"openstack_router_{what}" for what in ("updated", "interface_added", "interface_removed")
    ),
    "orders": tuple(
        f"marketplace_order_{what}"
        for what in ("created", "approved", "rejected", "completed", "terminated", "failed", "unlinked")
    )
    + tuple(
        f"marketplace_resource_{what}_{outcome}"
        for what in ("create", "update", "terminate")
        for outcome in ("requested", "succeeded", "failed", "canceled")
    )
    + (
        "marketplace_resource_erred_on_backend",
        "marketplace_resource_plan_switched",
        "marketplace_resource_unlinked",
        "marketplace_resource_update_end_date_succeeded",
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
OWN = frozenset({"operation_retried", "operation_cancel_requested", "token_revoked", *GROUPS["images"]})
