"""The event types, by group (states-and-flows §11)."""

RESOURCE_ACTIONS = ("pull", "start", "stop", "restart")
OUTCOMES = ("scheduled", "succeeded", "failed")

GROUPS: dict[str, tuple[str, ...]] = {
    "resources": tuple(f"resource_{what}_{outcome}" for what in ("creation", "deletion") for outcome in OUTCOMES)
    + ("resource_update_succeeded",)
    + tuple(f"resource_{action}_{outcome}" for action in RESOURCE_ACTIONS for outcome in OUTCOMES),
    "orders": tuple(
        f"marketplace_order_{what}"
        for what in ("created", "approved", "rejected", "completed", "terminated", "failed", "unlinked")
    )
    + tuple(
        f"marketplace_resource_{what}_{outcome}"
        for what in ("create", "update", "terminate")
        for outcome in ("requested", "succeeded", "failed", "canceled")
    )
    + ("marketplace_resource_erred_on_backend", "marketplace_resource_plan_switched"),
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
    "operations": ("operation_retried", "operation_cancel_requested"),
    "users": ("user_created", "user_updated", "user_deactivated", "user_deleted"),
    "auth": (
        "auth_logged_in_with_username",
        "auth_login_failed_with_username",
        "auth_logged_out",
        "token_revoked",
    ),
    "permissions": ("role_granted", "role_revoked", "role_updated"),
    "ssh": ("ssh_key_created", "ssh_key_deleted"),
    "customers": ("customer_created", "customer_updated", "customer_deleted"),
    "projects": ("project_created", "project_updated", "project_deleted"),
}

ALL = frozenset(event_type for group in GROUPS.values() for event_type in group)
