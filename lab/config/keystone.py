"""Keystone: identity."""

from lab.cloud import Cloud
from lab.config.ini import Ini, database, default, messaging


def files(cloud: Cloud) -> dict[str, Ini]:
    return {
        "keystone.conf": {
            "DEFAULT": default(cloud),
            "database": database(cloud, "keystone"),
            "fernet_tokens": {"key_repository": cloud.etc / "keystone/fernet-keys"},
            "credential": {"key_repository": cloud.etc / "keystone/credential-keys"},
            "token": {"expiration": 86400},
            # bcrypt at its default cost takes a quarter of a second per login.
            "identity": {"password_hash_rounds": 4},
            "cache": {"enabled": True, "backend": "dogpile.cache.memory", "expiration_time": 5},
            **messaging(cloud),
        }
    }
