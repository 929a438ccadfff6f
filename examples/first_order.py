"""From a cloud's credentials to a running server and back, through the public REST client.

The provider connects a cloud and publishes an offering; the customer orders a tenant and a server in it, uses the
server, and gives everything back. The program fails when anything is left in the cloud.
"""

import argparse
import base64
import os
import sys
import time
from typing import Any

from waldur_api_client.api.customers import customers_list
from waldur_api_client.api.keys import keys_create
from waldur_api_client.api.marketplace_categories import marketplace_categories_list
from waldur_api_client.api.marketplace_provider_offerings import (
    marketplace_provider_offerings_activate,
    marketplace_provider_offerings_archive,
    marketplace_provider_offerings_create,
    marketplace_provider_offerings_update_integration,
)
from waldur_api_client.api.marketplace_public_offerings import (
    marketplace_public_offerings_list,
    marketplace_public_offerings_retrieve,
)
from waldur_api_client.api.openstack_flavors import openstack_flavors_list
from waldur_api_client.api.openstack_images import openstack_images_list
from waldur_api_client.api.openstack_instances import (
    openstack_instances_console_retrieve,
    openstack_instances_retrieve,
    openstack_instances_start,
    openstack_instances_stop,
)
from waldur_api_client.api.openstack_security_groups import openstack_security_groups_list
from waldur_api_client.api.openstack_subnets import openstack_subnets_list
from waldur_api_client.api.projects import projects_list
from waldur_api_client.errors import UnexpectedStatus
from waldur_api_client.models.base_provider_plan_request import BaseProviderPlanRequest
from waldur_api_client.models.offering_create_request import OfferingCreateRequest
from waldur_api_client.models.offering_integration_update_request import OfferingIntegrationUpdateRequest
from waldur_api_client.models.open_stack_instance_create_order_attributes import (
    OpenStackInstanceCreateOrderAttributes,
)
from waldur_api_client.models.open_stack_tenant_create_order_attributes import OpenStackTenantCreateOrderAttributes
from waldur_api_client.models.order_create_request_limits import OrderCreateRequestLimits
from waldur_api_client.models.ssh_key_request import SshKeyRequest

from examples.cloud_inventory import CloudLogin, external_network, inventory
from examples.journal import Journal
from examples.marketplace import Failed, first, follow_operation, log_in, order, terminate

LIMITS = {"cores": 8, "ram": 16384, "storage": 102400}


class Story:
    """One run; each method is a chapter and leaves behind what the next one needs."""

    def __init__(self, options: argparse.Namespace, cloud: CloudLogin, journal: Journal) -> None:
        self.options, self.cloud, self.journal = options, cloud, journal
        self.mark = f"{int(time.time()) % 1000000}"
        # what one chapter leaves for the next; the client types every field as perhaps unset
        self.offering: Any = None
        self.private: dict[str, Any] = {}

    def run(self) -> None:
        chapters = (
            ("Sign in", self.sign_in),
            ("Connect the cloud and publish an offering", self.publish),
            ("Order a tenant", self.order_tenant),
            ("Find the private offerings", self.find_private_offerings),
            ("Order a server", self.order_server),
            ("Stop the server", self.stop),
            ("Start the server", self.start),
            ("Get a console", self.console),
            ("Terminate the server", self.terminate_server),
            ("Terminate the tenant", self.terminate_tenant),
            ("Archive the offering", self.archive),
        )
        for title, chapter in chapters:
            with self.journal.chapter(title):
                self.journal.note = chapter() or ""

    def sign_in(self) -> str:
        url = self.options.url.rstrip("/")
        self.provider = log_in(url, *self.options.provider.split(":", 1))
        self.customer = log_in(url, *self.options.customer.split(":", 1))
        return f"{self.options.provider.split(':')[0]} and {self.options.customer.split(':')[0]}"

    def publish(self) -> str:
        category = first(marketplace_categories_list.sync(client=self.provider), "category")
        owner = first(customers_list.sync(client=self.provider, is_service_provider=True), "service provider")
        body = OfferingCreateRequest(
            name=f"First order {self.mark}",
            category=category.url,
            type_="OpenStack.Tenant",
            customer=owner.url,
            plans=[BaseProviderPlanRequest(name="Standard")],
            shared=True,
        )
        self.offering = marketplace_provider_offerings_create.sync(client=self.provider, body=body)
        attributes = {
            "backend_url": self.cloud.auth_url,
            "username": self.cloud.username,
            "password": self.cloud.password,
            "tenant_name": self.cloud.project,
            "domain": self.cloud.domain,
            "external_network_id": external_network(self.cloud),
        }
        integration = OfferingIntegrationUpdateRequest.from_dict({"service_attributes": attributes})
        marketplace_provider_offerings_update_integration.sync_detailed(
            self.offering.uuid, client=self.provider, body=integration
        )
        self._activate()
        return str(self.offering.name)

    def _activate(self) -> None:
        """The connection is checked in the background: ask until it has been."""
        for _ in range(100):
            try:
                marketplace_provider_offerings_activate.sync_detailed(self.offering.uuid, client=self.provider)
                return
            except UnexpectedStatus as error:
                if error.status_code != 409:
                    raise
            time.sleep(0.2)
        raise Failed("The connection to the cloud has not been checked in time.")

    def order_tenant(self) -> str:
        self.project = first(projects_list.sync(client=self.customer), "project")
        offering: Any = marketplace_public_offerings_retrieve.sync(self.offering.uuid, client=self.customer)
        done = order(
            self.customer,
            self.journal,
            offering=offering.url,
            project=self.project.url,
            plan=first(offering.plans, "plan").url,
            limits=OrderCreateRequestLimits.from_dict(LIMITS),
            attributes=OpenStackTenantCreateOrderAttributes(name=f"first-order-{self.mark}"),
        )
        self.tenant_resource, self.tenant = done.marketplace_resource_uuid, done.resource_uuid
        return str(done.resource_name)

    def find_private_offerings(self) -> str:
        found: Any = marketplace_public_offerings_list.sync(client=self.customer, scope_uuid=self.tenant.hex)
        self.private = {offering.type_: offering for offering in found or ()}
        if set(self.private) != {"OpenStack.Instance", "OpenStack.Volume"}:
            raise Failed(f"Expected offerings for servers and volumes, found {sorted(self.private)}.")
        return ", ".join(offering.name for offering in self.private.values())

    def order_server(self) -> str:
        done = order(
            self.customer,
            self.journal,
            offering=self.private["OpenStack.Instance"].url,
            project=self.project.url,
            attributes=OpenStackInstanceCreateOrderAttributes.from_dict(self._server_attributes()),
        )
        self.server_resource, self.server = done.marketplace_resource_uuid, done.resource_uuid
        server: Any = openstack_instances_retrieve.sync(self.server, client=self.customer)
        return f"{server.name} {server.runtime_state} at {', '.join(server.external_ips)}"

    def _server_attributes(self) -> dict[str, Any]:
        here = {"client": self.customer, "tenant_uuid": self.tenant}
        flavor = first(openstack_flavors_list.sync(**here, name_exact=self.options.flavor), "flavor")
        image = first(openstack_images_list.sync(**here, name_exact=self.options.image), "image")
        subnet = first(openstack_subnets_list.sync(**here), "subnet")
        group = first(openstack_security_groups_list.sync(**here, name_exact="ssh"), "security group")
        key = keys_create.sync(
            client=self.customer, body=SshKeyRequest(name=f"first-order-{self.mark}", public_key=throwaway_key())
        )
        return {
            "name": f"first-server-{self.mark}",
            "flavor": flavor.url,
            "image": image.url,
            "system_volume_size": max(image.min_disk, 1024),
            "data_volume_size": 1024,
            "ports": [{"subnet": subnet.url}],
            "floating_ips": [{"subnet": subnet.url}],
            "security_groups": [{"url": group.url}],
            "ssh_public_key": key.url,
        }

    def stop(self) -> str:
        openstack_instances_stop.sync(self.server, client=self.customer)
        return self._after_operation()

    def start(self) -> str:
        openstack_instances_start.sync(self.server, client=self.customer)
        return self._after_operation()

    def _after_operation(self) -> str:
        follow_operation(self.customer, self.journal, self.server)
        return str(openstack_instances_retrieve.sync(self.server, client=self.customer).runtime_state)

    def console(self) -> str:
        return str(openstack_instances_console_retrieve.sync(self.server, client=self.customer).url)

    def terminate_server(self) -> str:
        attributes = {"action": "force_destroy", "delete_volumes": True, "release_floating_ips": True}
        return terminate(self.customer, self.journal, self.server_resource, attributes).state.value

    def terminate_tenant(self) -> str:
        return terminate(self.customer, self.journal, self.tenant_resource, {}).state.value

    def archive(self) -> str:
        return marketplace_provider_offerings_archive.sync(self.offering.uuid, client=self.provider).state


def throwaway_key() -> str:
    """A well-formed Ed25519 public key nobody has the private half of."""
    blob = b"\x00\x00\x00\x0bssh-ed25519\x00\x00\x00\x20" + os.urandom(32)
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} first-order"


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="first_order", description=__doc__)
    parser.add_argument("--url", default="http://127.0.0.1:8000/", help="the marketplace")
    parser.add_argument("--provider", default="provider:demo", help="username:password of a provider's owner")
    parser.add_argument("--customer", default="owner:demo", help="username:password of a customer's owner")
    parser.add_argument("--keystone", required=True, help="Keystone of the cloud to connect, ending in /v3")
    parser.add_argument("--cloud-user", default="admin")
    parser.add_argument("--cloud-password", default="secret")
    parser.add_argument("--flavor", default="m1.tiny")
    parser.add_argument("--image", default="cirros")
    return parser.parse_args()


def main() -> int:
    options, journal = parse_options(), Journal()
    cloud = CloudLogin(options.keystone, options.cloud_user, options.cloud_password)
    before = inventory(cloud)
    try:
        Story(options, cloud, journal).run()
    except (Failed, UnexpectedStatus) as error:
        journal.console.print(f"[red]Failed:[/red] {error}")
        return 1
    journal.console.print(journal.table())
    left = inventory(cloud) - before
    for kind, identifier, name in sorted(left):
        journal.console.print(f"[red]left behind:[/red] {kind} {name} ({identifier})")
    if not left:
        journal.console.print("Nothing was left behind in the cloud.")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main())
