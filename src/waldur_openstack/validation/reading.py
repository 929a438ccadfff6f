"""Questions that change nothing."""

from collections.abc import Iterator

from waldur_core.operations.errors import Invalid, NotFound
from waldur_openstack.cloud import Cloud
from waldur_openstack.validation.outcomes import Outcome, Question, Skipped, ask


def read_tests(admin: Cloud, cloud: Cloud, external_network_id: str) -> Iterator[Outcome]:
    """`cloud` is the project that is validated, `admin` the service account in its own."""
    for service, what, question in questions(admin, cloud, external_network_id):
        yield ask(service, what, question)


def questions(admin: Cloud, cloud: Cloud, external_network_id: str) -> list[tuple[str, str, Question]]:
    def number(found: object, of: str) -> str:
        return f"{len(found)} {of}"  # type: ignore[arg-type]

    return [
        ("Keystone", "sign in", lambda: f"as user {admin.identity.own_user_id()}"),
        ("Keystone", "list projects", lambda: number(admin.identity.projects(), "projects")),
        ("Keystone", "find the admin role", lambda: admin_role(admin)),
        ("Nova", "list flavors", lambda: number(cloud.compute.flavors(), "flavors")),
        ("Nova", "list availability zones", lambda: number(cloud.compute.zones(), "zones")),
        ("Nova", "list servers", lambda: number(cloud.compute.servers(), "servers")),
        ("Nova", "list server groups", lambda: number(cloud.compute.server_groups(), "groups")),
        ("Nova", "list key pairs", lambda: number(cloud.compute.keypairs(), "key pairs")),
        ("Cinder", "list volume types", lambda: number(cloud.block_storage.volume_types(), "types")),
        ("Cinder", "list availability zones", lambda: number(cloud.block_storage.zones(), "zones")),
        ("Cinder", "list volumes", lambda: number(cloud.block_storage.volumes(), "volumes")),
        ("Cinder", "list snapshots", lambda: number(cloud.block_storage.snapshots(), "snapshots")),
        ("Neutron", "list networks", lambda: number(cloud.network.list("network"), "networks")),
        ("Neutron", "list security groups", lambda: number(cloud.network.list("security_group"), "groups")),
        ("Neutron", "find the external network", lambda: external_network(admin, external_network_id)),
        ("Glance", "list images", lambda: number(cloud.image.images(), "images")),
    ]


def admin_role(admin: Cloud) -> str:
    role = admin.identity.roles().get("admin")
    if role is None:
        raise NotFound("The cloud has no role named admin: we could not work in tenants.")
    return role


def external_network(admin: Cloud, network_id: str) -> str:
    if not network_id:
        raise Skipped("no external_network_id is set: tenants have no way out")
    network = admin.network.show("network", network_id)
    if network is None or not network.get("router:external"):
        raise Invalid(f"There is no external network {network_id}.")
    return str(network["name"])
