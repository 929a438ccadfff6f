"""The rows that matter most, written by hand: a wrong declaration is caught here, where the matrix would follow it."""

from typing import Any

import pytest
from django.db import transaction

from tests.api.keys import ED25519
from tests.factories import Cast, client_of, make_user
from waldur_core.permissions.models import Role
from waldur_core.structure.models import AuthToken, ServiceSettings, SshPublicKey

pytestmark = pytest.mark.django_db
OK, CREATED, GONE, BAD, WHO, NO, HIDDEN = 200, 201, 204, 400, 401, 403, 404

# what, who may, and what the others get: {person: status}; the persons not named get the status of "else"
TABLE: dict[str, dict[str, int]] = {
    "GET /api/customers/{customer}/": {
        "member": OK, "admin": OK, "manager": OK, "owner": OK, "support": OK, "staff": OK, "anonymous": WHO,
        "else": HIDDEN,
    },
    "PATCH /api/customers/{customer}/": {
        "owner": OK, "staff": OK, "stranger": HIDDEN, "provider_owner": HIDDEN, "anonymous": WHO, "else": NO,
    },
    "POST /api/customers/": {"staff": CREATED, "anonymous": WHO, "else": NO},
    "DELETE /api/customers/{empty}/": {"staff": GONE, "support": NO, "anonymous": WHO, "else": HIDDEN},
    "POST /api/customers/{customer}/add_user/": {
        "owner": CREATED, "staff": CREATED, "stranger": HIDDEN, "provider_owner": HIDDEN, "anonymous": WHO, "else": NO,
    },
    "POST /api/projects/": {
        # who cannot see the customer is told that there is none
        "owner": CREATED, "staff": CREATED, "stranger": BAD, "provider_owner": BAD, "anonymous": WHO, "else": NO,
    },
    "GET /api/projects/{project}/": {
        "member": OK, "admin": OK, "manager": OK, "owner": OK, "support": OK, "staff": OK, "anonymous": WHO,
        "else": HIDDEN,
    },
    "PATCH /api/projects/{project}/": {
        "manager": OK, "owner": OK, "staff": OK, "member": NO, "admin": NO, "support": NO, "anonymous": WHO,
        "else": HIDDEN,
    },
    "DELETE /api/projects/{project}/": {
        "owner": GONE, "staff": GONE, "manager": NO, "member": NO, "admin": NO, "support": NO, "anonymous": WHO,
        "else": HIDDEN,
    },
    "POST /api/projects/{project}/add_user/": {
        "manager": CREATED, "owner": CREATED, "staff": CREATED, "member": NO, "admin": NO, "support": NO,
        "anonymous": WHO, "else": HIDDEN,
    },
    "POST /api/projects/{project}/update_user/": {
        "manager": OK, "owner": OK, "staff": OK, "admin": NO, "support": NO, "member": NO, "anonymous": WHO,
        "else": HIDDEN,
    },
    "POST /api/projects/{project}/delete_user/": {
        # it is the member's own role
        "member": OK, "manager": OK, "owner": OK, "staff": OK, "admin": NO, "support": NO, "anonymous": WHO,
        "else": HIDDEN,
    },
    "GET /api/keys/{key}/": {"member": OK, "support": OK, "staff": OK, "anonymous": WHO, "else": HIDDEN},
    "DELETE /api/keys/{key}/": {"member": GONE, "staff": GONE, "support": NO, "anonymous": WHO, "else": HIDDEN},
    "POST /api/keys/": {"anonymous": WHO, "else": CREATED},
    "POST /api/users/": {"staff": CREATED, "anonymous": WHO, "else": NO},
    "GET /api/users/{member}/": {"stranger": HIDDEN, "provider_owner": HIDDEN, "anonymous": WHO, "else": OK},
    "PATCH /api/users/{member}/": {
        "member": OK, "staff": OK, "stranger": HIDDEN, "provider_owner": HIDDEN, "anonymous": WHO, "else": NO,
    },
    "DELETE /api/users/{member}/": {"staff": GONE, "anonymous": WHO, "else": NO},
    "POST /api/users/{member}/change_password/": {
        "member": OK, "staff": OK, "stranger": HIDDEN, "provider_owner": HIDDEN, "anonymous": WHO, "else": NO,
    },
    "POST /api/users/{member}/refresh_token/": {
        "member": OK, "staff": OK, "stranger": HIDDEN, "provider_owner": HIDDEN, "anonymous": WHO, "else": NO,
    },
    "GET /api/auth-tokens/": {"staff": OK, "anonymous": WHO, "else": NO},
    "DELETE /api/auth-tokens/{token}/": {"staff": GONE, "anonymous": WHO, "else": NO},
    "GET /api/roles/": {"anonymous": WHO, "else": OK},
    "PATCH /api/roles/{role}/": {"staff": OK, "anonymous": WHO, "else": NO},
    "POST /api/roles/{role}/disable/": {"staff": OK, "anonymous": WHO, "else": NO},
    "GET /api/service-settings/{settings}/": {
        "owner": OK, "support": OK, "staff": OK, "anonymous": WHO, "else": HIDDEN,
    },
    "GET /api/version/": {"anonymous": WHO, "else": OK},
    "POST /api-auth/logout/": {"anonymous": WHO, "else": GONE},
}  # fmt: skip
PEOPLE = ("anonymous", "stranger", "provider_owner", "member", "admin", "manager", "owner", "support", "staff")


def objects(cast: Cast) -> dict[str, str]:
    """The uuids (or ids) that stand in the paths."""
    settings = ServiceSettings.objects.create(name="Cloud", type="OpenStack", customer=cast.customer)
    return {
        "customer": cast.customer.uuid.hex,
        "empty": type(cast.customer).objects.create(name="Empty").uuid.hex,
        "project": cast.project.uuid.hex,
        "key": SshPublicKey.objects.create(user=cast.member, name="k", public_key=ED25519).uuid.hex,
        "member": cast.member.uuid.hex,
        "token": str(AuthToken.objects.issue(cast.member).user_id),
        "role": Role.objects.get(name="PROJECT.ADMIN").uuid.hex,
        "settings": settings.uuid.hex,
    }


def body(cast: Cast, row: str) -> dict[str, Any]:
    bodies: dict[str, dict[str, Any]] = {
        "POST /api/customers/": {"name": "New"},
        "POST /api/customers/{customer}/add_user/": {"role": "CUSTOMER.OWNER", "user": make_user().uuid.hex},
        "POST /api/projects/": {
            "name": "New",
            "customer": f"http://testserver/api/customers/{cast.customer.uuid.hex}/",
        },
        "POST /api/projects/{project}/add_user/": {"role": "PROJECT.MEMBER", "user": make_user().uuid.hex},
        "POST /api/projects/{project}/update_user/": {"role": "PROJECT.MEMBER", "user": cast.member.uuid.hex},
        "POST /api/projects/{project}/delete_user/": {"role": "PROJECT.MEMBER", "user": cast.member.uuid.hex},
        "POST /api/keys/": {"public_key": ED25519},
        "POST /api/users/": {"username": "new", "email": "new@example.org"},
        "POST /api/users/{member}/change_password/": {"new_password": "correct horse battery"},
    }
    return bodies.get(row, {})


@pytest.mark.parametrize("row", TABLE)
def test_who_may(cast: Cast, row: str) -> None:
    method, path = row.split(" ")
    path = path.format(**objects(cast))
    sent = body(cast, row) if method != "GET" else None
    found = {}
    for name in PEOPLE:
        with transaction.atomic():
            found[name] = getattr(client_of(getattr(cast, name, None)), method.lower())(path, sent).status_code
            transaction.set_rollback(True)
    assert found == {name: TABLE[row].get(name, TABLE[row]["else"]) for name in PEOPLE}
