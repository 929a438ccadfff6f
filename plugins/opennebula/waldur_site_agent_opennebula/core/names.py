"""The names and tags of what we make: by its tags a thing is known as ours, and whose it is."""

from __future__ import annotations

RESOURCE = "WALDUR_RESOURCE"  # the uuid of whom it was made for
BACKEND_ID = "WALDUR_BACKEND_ID"  # the name under which that resource is known here
PROJECT = "WALDUR_PROJECT"  # the slug of that resource's project
STATE = "WALDUR_STATE"  # of a VDC: creating, ready, deleting; of a machine: creating, ready
GROUP = "WALDUR_GROUP"  # of a VDC: the id of its group
EXTERNAL_NETWORK = "WALDUR_EXTERNAL_NETWORK"  # of a VDC: where its floating IPs come from
EXTERNAL_IP = "WALDUR_EXTERNAL_IP"  # of a router
SALT = "WALDUR_PASSWORD_SALT"  # of a VDC: what its user's password is derived from
RESET = "WALDUR_PASSWORD_RESET"  # of a VDC: the request for a new password that was served last
MEMBERS = "WALDUR_MEMBERS"  # of a VDC: who may know the password
RESTRICTED = "WALDUR_RESTRICTED"  # of a group: paused or downscaled
BEFORE = "WALDUR_LIMITS_BEFORE"  # of a group: its limits before it was restricted
FACTORS = "WALDUR_FACTORS"  # of a VDC or machine: how the marketplace's units become ours
SUSPENDED = "WALDUR_SUSPENDED"  # of a machine: stopped by us, to be started by us; what for
SIZE_BEFORE = "WALDUR_SIZE_BEFORE"  # of a machine that is being resized: cores, cores and memory that it had
PLANNED_DISK = "WALDUR_PLANNED_DISK"  # of a machine: the disk of its plan, when that is smaller than what it has

CREATING, READY, DELETING = "creating", "ready", "deleting"
WITH_VDC, ALONE, TO_RESIZE = "pause", "machine", "resize"  # what a machine is stopped for


def internal_network(backend_id: str) -> str:
    return f"{backend_id}_internal"


def router(backend_id: str) -> str:
    return f"{backend_id}_router"


def security_group(backend_id: str) -> str:
    return f"{backend_id}_default"


def administrator(backend_id: str) -> str:
    return f"{backend_id}_admin"


def tags(resource: str, backend_id: str) -> dict[str, str]:
    return {RESOURCE: resource, BACKEND_ID: backend_id}
