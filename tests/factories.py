"""Builders of real objects, with sensible defaults and readable names."""

import itertools
from typing import Any

from django.contrib.contenttypes.models import ContentType
from rest_framework.test import APIClient

from waldur_core.permissions.models import Role, UserRole
from waldur_core.permissions.strings import RoleName
from waldur_core.structure.models import AuthToken, Customer, Project, User

_numbers = itertools.count(1)


def make_user(username: str = "", password: str = "", **fields: Any) -> User:
    username = username or f"user-{next(_numbers)}"
    user: User = User.objects.create_user(username, password=password or None, **fields)
    return user


def make_customer(name: str = "", **fields: Any) -> Customer:
    return Customer.objects.create(name=name or f"Customer {next(_numbers)}", **fields)


def make_project(customer: Customer | None = None, name: str = "", **fields: Any) -> Project:
    return Project.objects.create(
        customer=customer or make_customer(), name=name or f"Project {next(_numbers)}", **fields
    )


def grant(user: User, role: RoleName | str, scope: Any, **fields: Any) -> UserRole:
    return UserRole.objects.create(
        user=user,
        role=Role.objects.get(name=str(role)),
        content_type=ContentType.objects.get_for_model(scope),
        object_id=scope.pk,
        **fields,
    )


def client_of(user: User | None) -> APIClient:
    """An API client that speaks through the whole stack with the user's token; None: anonymous."""
    client = APIClient()
    if user is not None:
        client.credentials(HTTP_AUTHORIZATION=f"Token {AuthToken.objects.issue(user).key}")
    return client


class Cast:
    """The people of the permission matrix around one customer, one project and one provider."""

    def __init__(self) -> None:
        self.provider = make_customer("Provider")
        self.customer = make_customer("Customer")
        self.project = make_project(self.customer, "Project")
        self.staff = make_user("staff", is_staff=True)
        self.support = make_user("support", is_support=True)
        self.stranger = make_user("stranger")
        self.owner = make_user("owner")
        self.manager = make_user("manager")
        self.admin = make_user("admin-of-project")
        self.member = make_user("member")
        self.provider_owner = make_user("provider")
        grant(self.owner, RoleName.CUSTOMER_OWNER, self.customer)
        grant(self.manager, RoleName.PROJECT_MANAGER, self.project)
        grant(self.admin, RoleName.PROJECT_ADMIN, self.project)
        grant(self.member, RoleName.PROJECT_MEMBER, self.project)
        grant(self.provider_owner, RoleName.CUSTOMER_OWNER, self.provider)
