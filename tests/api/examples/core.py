"""Examples of the platform's own objects."""

from tests.api.examples import EVERYBODY, TEAM, example_of
from tests.api.keys import ED25519
from tests.factories import Cast
from waldur_core.events.log import record
from waldur_core.events.models import Event
from waldur_core.permissions.models import Role
from waldur_core.structure.models import AuthToken, Customer, Project, ServiceSettings, SshPublicKey, User
from waldur_core.structure.states import CoreState


@example_of(User, seen_by=TEAM, new=lambda cast: {"username": "newcomer", "email": "new@example.org"})
def user(cast: Cast) -> User:
    return cast.member


@example_of(AuthToken, seen_by=frozenset())
def token(cast: Cast) -> AuthToken:
    return AuthToken.objects.issue(cast.member)


@example_of(SshPublicKey, seen_by=frozenset({"member"}), new=lambda cast: {"name": "laptop", "public_key": ED25519})
def key(cast: Cast) -> SshPublicKey:
    return SshPublicKey.objects.create(user=cast.member, name="example", public_key=ED25519)


@example_of(Role, seen_by=EVERYBODY, new=lambda cast: {"name": "R", "content_type": "project", "permissions": []})
def role(cast: Cast) -> Role:
    return Role.objects.create(name="PROJECT.AUDITOR", scope_type="project")


@example_of(Customer, new=lambda cast: {"name": "Another"})
def customer(cast: Cast) -> Customer:
    return cast.customer


@example_of(
    Project,
    new=lambda cast: {"name": "Another", "customer": f"/api/customers/{cast.customer.uuid.hex}/"},
    made_on=("customer",),
)
def project(cast: Cast) -> Project:
    return cast.project


@example_of(ServiceSettings, seen_by=frozenset({"owner"}))
def settings(cast: Cast) -> ServiceSettings:
    return ServiceSettings.objects.create(name="Cloud", type="OpenStack", customer=cast.customer, state=CoreState.OK)


@example_of(Event)
def event(cast: Cast) -> Event:
    return record("project_update_succeeded", "Something has happened.", scope=cast.project, actor=cast.staff)
