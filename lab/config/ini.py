"""Sections that several services share."""

from pathlib import Path

from lab import infra
from lab.cloud import SECRET, Cloud

Section = dict[str, str | int | float | bool | Path]
Ini = dict[str, Section]


def default(cloud: Cloud) -> Section:
    return {"use_stderr": True, "transport_url": infra.transport_url(cloud)}


def database(cloud: Cloud, name: str) -> Section:
    return {
        "connection": infra.database_url(cloud, name),
        "max_pool_size": 10,
        "max_overflow": 40,
    }


def messaging(cloud: Cloud) -> Ini:
    return {
        "oslo_messaging_rabbit": {
            "rabbit_quorum_queue": False,  # one node: nothing to replicate to
            "heartbeat_timeout_threshold": 0,
            "kombu_reconnect_delay": 0.5,
        },
        "oslo_messaging_notifications": notifications(cloud),
        "oslo_concurrency": {"lock_path": cloud.data / "locks"},
    }


def notifications(cloud: Cloud) -> Section:
    """What the services say of changes, on the lab's own broker or on the one that is asked for."""
    url = infra.notifications_url(cloud)
    return {"driver": "messagingv2", "transport_url": url} if url else {"driver": "noop"}


def credentials(cloud: Cloud, user: str) -> Section:
    """How a service logs in at Keystone."""
    return {
        "auth_type": "password",
        "auth_url": cloud.auth_url,
        "username": user,
        "password": SECRET,
        "project_name": "service",
        "user_domain_name": "Default",
        "project_domain_name": "Default",
        "region_name": cloud.region,
    }


def service_user(cloud: Cloud, user: str) -> Section:
    """Sent along with the user's token: Cinder refuses to detach for anyone but a service (CVE-2023-2088)."""
    return {"send_service_user_token": True, **credentials(cloud, user)}


def authtoken(cloud: Cloud, user: str) -> Section:
    """How a service checks the tokens it is shown."""
    return {
        "www_authenticate_uri": cloud.auth_url,
        "service_token_roles": "service",
        "service_token_roles_required": True,
        "interface": "internal",
        **credentials(cloud, user),
    }
