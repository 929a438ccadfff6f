"""Who sees what, and who may do what."""

from datetime import timedelta

import pytest
from django.utils import timezone

from tests.factories import Cast, grant, make_customer, make_project, make_user
from waldur_core.permissions.checks import has_permission
from waldur_core.permissions.models import Role
from waldur_core.permissions.strings import Permission, RoleName
from waldur_core.permissions.visibility import visible_to
from waldur_core.structure.models import Customer, Project

pytestmark = pytest.mark.django_db


def test_a_member_sees_the_project_and_its_customer_and_no_other(cast: Cast) -> None:
    make_project()
    assert list(visible_to(cast.member, Project.objects.all())) == [cast.project]
    assert list(visible_to(cast.member, Customer.objects.all())) == [cast.customer]


def test_an_owner_sees_every_project_of_the_customer(cast: Cast) -> None:
    second = make_project(cast.customer, "Second")
    assert set(visible_to(cast.owner, Project.objects.all())) == {cast.project, second}


def test_an_expired_grant_shows_nothing() -> None:
    user, customer = make_user(), make_customer()
    grant(user, RoleName.CUSTOMER_OWNER, customer, expiration_time=timezone.now() - timedelta(seconds=1))
    assert not visible_to(user, Customer.objects.all()).exists()
    assert not has_permission(user, Permission.PROJECT_CREATE, [customer])


def test_a_disabled_role_grants_nothing(cast: Cast) -> None:
    Role.objects.filter(name=RoleName.CUSTOMER_OWNER).update(is_active=False)
    assert not has_permission(cast.owner, Permission.PROJECT_CREATE, [cast.customer])


def test_a_permission_counts_only_on_its_own_scope(cast: Cast) -> None:
    assert has_permission(cast.owner, Permission.PROJECT_CREATE, [cast.customer])
    assert not has_permission(cast.owner, Permission.PROJECT_CREATE, [cast.provider])
    assert not has_permission(cast.member, Permission.RESOURCE_TERMINATE, [cast.project, cast.customer])


def test_support_reads_everything_and_may_do_nothing(cast: Cast) -> None:
    assert visible_to(cast.support, Project.objects.all()).count() == Project.objects.count()
    assert not has_permission(cast.support, Permission.PROJECT_CREATE, [cast.customer])
