"""Projects, users and roles."""

from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from tests.contract.stage import PASSWORD, Site, unique
from waldur_core.operations.errors import AuthenticationFailed, CloudConflict, Invalid, NotFound
from waldur_openstack.cloud import Cloud, Credentials


def test_a_project_is_found_by_its_tag_until_it_is_deleted(site: Site, later: ExitStack) -> None:
    identity, tag = site.admin.identity, f"waldur:{unique()}"
    assert identity.find_project_by_tag(tag) is None
    project_id = site.new_project(later, description="text", enabled=True, tags=[tag])
    found = identity.find_project_by_tag(tag)
    assert found and found["id"] == project_id
    assert found["tags"] == [tag]
    assert found["description"] == "text"
    assert found["domain_id"] == "default"
    assert found["enabled"] is True
    identity.delete_project(project_id)
    assert identity.find_project_by_tag(tag) is None
    assert identity.find_project(project_id) is None


def test_a_part_of_a_tag_finds_nothing(site: Site, later: ExitStack) -> None:
    tag = f"waldur:{unique()}"
    site.new_project(later, tags=[tag])
    assert site.admin.identity.find_project_by_tag(tag[:-1]) is None


def test_a_second_project_of_the_same_name_is_a_conflict(site: Site) -> None:
    project = site.admin.identity.find_project(site.project_id)
    assert project
    with pytest.raises(CloudConflict, match="name"):
        site.admin.identity.create_project(name=project["name"], domain_id="default")


@pytest.mark.parametrize(
    ("attributes", "reason"),
    (({"name": "x" * 65}, "too long"), ({"name": ""}, "name"), ({"name": "x", "tags": ["a,b"]}, "a,b")),
)
def test_impossible_projects_are_refused(site: Site, attributes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        site.admin.identity.create_project(domain_id="default", **attributes)


def test_deleting_a_project_again_is_no_error(site: Site, later: ExitStack) -> None:
    project_id = site.new_project(later)
    site.admin.identity.delete_project(project_id)
    site.admin.identity.delete_project(project_id)


def test_a_user_is_found_by_name_and_keeps_our_mark(site: Site, later: ExitStack) -> None:
    identity, name = site.admin.identity, unique("user")
    assert identity.find_user(name, "default") is None
    user = identity.create_user(
        name=name,
        password=PASSWORD,
        domain_id="default",
        default_project_id=site.project_id,
        description="waldur:mark",
        enabled=True,
    )
    later.callback(identity.delete_user, user["id"])
    found = identity.find_user(name, "default")
    assert found and found["id"] == user["id"]
    assert found["description"] == "waldur:mark"
    assert found["default_project_id"] == site.project_id
    assert "password" not in found
    identity.delete_user(user["id"])
    identity.delete_user(user["id"])
    assert identity.find_user(name, "default") is None


def test_a_second_user_of_the_same_name_is_a_conflict(site: Site) -> None:
    with pytest.raises(CloudConflict):
        site.admin.identity.create_user(name=site.member.credentials.username, password=PASSWORD, domain_id="default")


def test_a_role_may_be_granted_twice_and_lets_the_user_in(site: Site, later: ExitStack) -> None:
    identity, project_id = site.admin.identity, site.new_project(later)
    user_id = site.member.identity.own_user_id()
    as_member = site.member.in_project(project_id)
    for _ in range(2):
        identity.grant_role(project_id, user_id, identity.roles()["member"])
    assert as_member.identity.own_user_id() == user_id
    assert as_member.network.list("network", project_id=project_id) == []


def test_granting_an_unknown_role_says_so(site: Site) -> None:
    with pytest.raises(NotFound, match="role"):
        site.admin.identity.grant_role(site.project_id, site.admin.identity.own_user_id(), "0" * 32)


def test_the_cloud_has_the_roles_that_tenants_need(site: Site) -> None:
    assert {"admin", "member"} <= site.admin.identity.roles().keys()


def test_the_default_domain_is_known_by_name_and_id(site: Site) -> None:
    identity = site.admin.identity
    assert identity.domain_id("Default") == identity.domain_id("default") == "default"
    assert [domain["id"] for domain in identity.get("/domains", name="Default")["domains"]] == ["default"]
    assert identity.domain_id("no-such-domain") == "no-such-domain"


def test_the_domain_may_be_given_by_name_or_id(site: Site) -> None:
    known = site.admin.credentials
    for domain in ("Default", "default"):
        cloud = Cloud(Credentials(known.auth_url, known.username, known.password, domain, project_name="admin"))
        assert cloud.identity.own_user_id() == site.admin.identity.own_user_id()


def test_every_service_of_the_connection_check_answers(site: Site) -> None:
    for service in ("identity", "compute", "block_storage", "network", "image"):
        getattr(site.admin, service).check()


def test_a_project_takes_a_new_name_and_keeps_its_tags(site: Site, later: ExitStack) -> None:
    tag = f"waldur:{unique()}"
    project_id, name = site.new_project(later, tags=[tag]), unique("renamed")
    site.admin.identity.update_project(project_id, name=name, description="new")
    found = site.admin.identity.find_project_by_tag(tag)
    assert found and (found["id"], found["name"], found["description"]) == (project_id, name, "new")
    other = site.admin.identity.find_project(site.new_project(later))
    assert other
    with pytest.raises(CloudConflict):
        site.admin.identity.update_project(project_id, name=other["name"])


def test_an_administrator_sets_a_password_as_often_as_he_likes(site: Site, later: ExitStack) -> None:
    member = site.new_member(later)
    user = member.identity.own_user_id()
    for _ in range(2):
        site.admin.identity.set_password(user, "Another-2")
    again = Cloud(replace(member.credentials, password="Another-2"))
    assert again.identity.own_user_id() == user
    old = Cloud(replace(member.credentials, password="Something-3"))
    with pytest.raises(AuthenticationFailed):
        old.identity.own_user_id()
