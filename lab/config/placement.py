"""Placement: what compute hosts have and who uses it."""

from lab.cloud import Cloud
from lab.config.ini import Ini, authtoken, database


def files(cloud: Cloud) -> dict[str, Ini]:
    return {
        "placement.conf": {
            "DEFAULT": {"use_stderr": True},
            "placement_database": database(cloud, "placement"),
            "keystone_authtoken": authtoken(cloud, "placement"),
        }
    }
