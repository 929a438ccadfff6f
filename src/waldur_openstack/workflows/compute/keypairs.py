"""SSH keys in Nova: found by fingerprint, else pushed under a name that tells whose it is."""

import re

from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Instance


def ensure_keypair(cloud: Cloud, instance: Instance) -> str:
    """The name of a key pair of the service account with the instance's key; empty when it has none.

    Idempotent: the same key always gets the same name.
    """
    key = instance.ssh_key
    if key is None:
        return ""
    for known in cloud.compute.keypairs():
        if known["fingerprint"] == key.fingerprint_md5:
            return str(known["name"])
    name = f"{key.uuid.hex}-{re.sub(r'[^A-Za-z0-9 _-]', '_', key.name)[:17]}".strip()
    return str(cloud.compute.create_keypair(name, key.public_key)["name"])
