"""A list costs the same number of queries for one row and for twenty."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.api.keys import ED25519
from tests.factories import Cast, client_of, grant, make_customer, make_project, make_user
from waldur_core.events.log import record
from waldur_core.permissions.models import Role
from waldur_core.permissions.strings import RoleName
from waldur_core.structure.models import AuthToken, ServiceSettings, SshPublicKey, User

pytestmark = pytest.mark.django_db


def one_more_person(cast: Cast) -> None:
    user = make_user()
    grant(user, RoleName.PROJECT_MEMBER, cast.project)
    grant(user, RoleName.PROJECT_MEMBER, make_project(cast.customer))
    AuthToken.objects.issue(user)


MORE: dict[str, Callable[[Cast], Any]] = {
    "/api/users/": one_more_person,
    "/api/auth-tokens/": one_more_person,
    "/api/projects/{project}/list_users/": one_more_person,
    "/api/projects/{project}/other_users/": lambda cast: grant(make_user(), RoleName.CUSTOMER_OWNER, cast.customer),
    "/api/customers/": lambda cast: make_project(make_customer()),
    "/api/projects/": lambda cast: make_project(make_customer()),
    "/api/keys/": lambda cast: SshPublicKey.objects.create(user=make_user(), name="a", public_key=ED25519),
    "/api/roles/": lambda cast: Role.objects.create(name=f"ROLE.{Role.objects.count()}", scope_type="project"),
    "/api/service-settings/": lambda cast: ServiceSettings.objects.create(
        name="Cloud", type="OpenStack", customer=make_customer()
    ),
    "/api/events/": lambda cast: record("project_update_succeeded", "x", scope=cast.project, actor=cast.owner),
}
AT_MOST = 8  # token, count, rows, and what is prefetched


@pytest.mark.parametrize("path", MORE)
def test_a_list_of_twenty_costs_as_much_as_a_list_of_one(cast: Cast, path: str) -> None:
    client, url = client_of(cast.staff), path.format(project=cast.project.uuid.hex)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(url, {"page_size": 100}).status_code == 200
        return len(captured)

    MORE[path](cast)
    queries()  # fills the cache of content types
    before = queries()
    for _ in range(19):
        MORE[path](cast)
    assert queries() == before <= AT_MOST


@pytest.mark.parametrize("path", ["/api/users/", "/api/customers/", "/api/projects/", "/api/events/"])
def test_it_costs_no_more_for_who_sees_less(cast: Cast, path: str, django_assert_max_num_queries: Any) -> None:
    client = client_of(cast.member)
    client.get(path)
    with django_assert_max_num_queries(AT_MOST):
        client.get(path)


def test_a_count_reads_no_rows(cast: Cast, django_assert_num_queries: Any) -> None:
    client = client_of(cast.staff)
    with django_assert_num_queries(3):  # the token, the count, and the keys of the page
        total = client.head("/api/users/")["X-Result-Count"]
    assert total == str(User.objects.count())
