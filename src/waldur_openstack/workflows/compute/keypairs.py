"""SSH keys in Nova. A server takes its own copy when it is created: the key pair is needed no longer than that."""

import re

from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.workflows.compute.context import InstanceContext


def push_key(context: InstanceContext) -> JSON:
    """A key pair with the server's key: one the operator keeps there, found by its fingerprint, else one of our own."""
    key = context.subject.ssh_key
    assert key
    for known in context.cloud.compute.keypairs():
        if known["fingerprint"] == key.fingerprint_md5:
            return known
    return context.cloud.compute.create_keypair(own_name(context), key.public_key)


def find_key(context: InstanceContext) -> JSON | None:
    return context.cloud.compute.keypair(own_name(context))


def remember_key(context: InstanceContext, pair: JSON) -> None:
    context.data["key_name"] = pair["name"]


def remove_key(context: InstanceContext) -> None:
    """Remove our key pair; one of the operator's stays."""
    context.cloud.compute.delete_keypair(own_name(context))


def own_name(context: InstanceContext) -> str:
    """A name of this server alone, so that two servers with one key do not take it from each other."""
    instance = context.subject
    label = instance.ssh_key.name if instance.ssh_key else ""
    return f"{instance.uuid.hex}-{re.sub(r'[^A-Za-z0-9 _-]', '_', label)[:17]}".strip()
