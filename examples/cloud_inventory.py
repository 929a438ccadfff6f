"""What exists in a cloud, as its administrator sees it. Compared before and after, it shows what was left behind."""

from dataclasses import dataclass
from typing import Any

import openstack


@dataclass(frozen=True)
class CloudLogin:
    """An administrator's way into a cloud."""

    auth_url: str
    username: str
    password: str
    project: str = "admin"
    domain: str = "Default"

    def connect(self) -> Any:
        return openstack.connect(
            auth_url=self.auth_url,
            username=self.username,
            password=self.password,
            project_name=self.project,
            user_domain_name=self.domain,
            project_domain_name=self.domain,
        )


def external_network(cloud: CloudLogin) -> str:
    """The id of the first external network."""
    return str(next(iter(cloud.connect().network.networks(is_router_external=True))).id)


def inventory(cloud: CloudLogin) -> set[tuple[str, str, str]]:
    """(kind, id, name) of everything a tenant could have left."""
    connection = cloud.connect()
    listings = {
        "project": connection.identity.projects(),
        "user": connection.identity.users(),
        "server": connection.compute.servers(all_projects=True),
        "volume": connection.block_storage.volumes(all_projects=True),
        "network": connection.network.networks(),
        "subnet": connection.network.subnets(),
        "router": connection.network.routers(),
        "port": connection.network.ports(),
        "floating IP": connection.network.ips(),
        "security group": connection.network.security_groups(),
    }
    return {(kind, item.id, item.name or "") for kind, items in listings.items() for item in items}
