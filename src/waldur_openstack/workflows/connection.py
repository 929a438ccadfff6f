"""Checking the connection to a cloud: can we sign in, are we an administrator, is the external network there?"""

from datetime import timedelta
from functools import cached_property

from waldur_core.operations.errors import AuthenticationFailed, Invalid, NotFound
from waldur_core.operations.workflow import Context, CreateWorkflow, Step, UpdateWorkflow
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud import Cloud
from waldur_openstack.sync.external_networks import pull_external_networks
from waldur_openstack.sync.scope import Scope
from waldur_openstack.sync.whole_catalogue import WHOLE_VOLUME_TYPES, follow_offer

SERVICES = ("compute", "block_storage", "network", "image")


class ConnectionContext(Context):
    subject: ServiceSettings

    @cached_property
    def cloud(self) -> Cloud:
        return Cloud.of(self.subject)


def sign_in(context: ConnectionContext) -> None:
    try:
        context.cloud.identity.own_user_id()
    except NotFound as error:
        url = context.subject.secret_options.get("backend_url")
        raise Invalid(f"There is no Keystone at {url}. Give its URL with the version, ending in /v3.") from error


def check_administrator(context: ConnectionContext) -> None:
    """Only an administrator may list all projects; anyone else could not make tenants."""
    try:
        context.cloud.identity.check()
    except AuthenticationFailed as error:
        raise AuthenticationFailed(
            "The service account is no administrator of the cloud: it may not manage projects."
        ) from error


def check_services(context: ConnectionContext) -> None:
    for name in SERVICES:
        getattr(context.cloud, name).check()


def check_external_network(context: ConnectionContext) -> None:
    network_id = context.subject.secret_options["external_network_id"]
    network = context.cloud.network.show("network", network_id)
    if network is None:
        raise Invalid(f"The cloud has no network {network_id}: correct external_network_id.")
    if not network.get("router:external"):
        raise Invalid(f"Network {network['name']} is not external: correct external_network_id.")


STEPS = (
    Step(name="Sign in", do=sign_in, keeps="only reads"),
    Step(name="Check administrator rights", do=check_administrator, keeps="only reads"),
    Step(name="Check services", do=check_services, keeps="only reads"),
    Step(
        name="Read external networks",
        do=lambda c: pull_external_networks(c.subject, c.cloud),
        keeps="only reads",
    ),
    Step(
        name="Read volume types",
        do=lambda c: follow_offer(WHOLE_VOLUME_TYPES, c.subject, c.cloud, Scope.of_cloud(c.subject)),
        keeps="only reads",
    ),
    Step(
        name="Find external network",
        when=lambda c: c.subject.secret_options.get("external_network_id"),
        do=check_external_network,
        keeps="only reads",
    ),
)


class ConnectCloud(CreateWorkflow):
    """The first check of a new connection."""

    name = "openstack.connection.create"
    started_by_itself = True
    title = "Connection of cloud"
    model = ServiceSettings
    context = ConnectionContext
    deadline = timedelta(seconds=30)
    undo_on_failure = False
    event = ""
    steps = STEPS


class CheckConnection(UpdateWorkflow):
    """The check of a connection whose details have changed."""

    name = "openstack.connection.check"
    started_by_itself = True
    title = "Check of cloud connection"
    model = ServiceSettings
    context = ConnectionContext
    deadline = timedelta(seconds=30)
    steps = STEPS
