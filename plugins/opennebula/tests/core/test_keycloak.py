"""Single sign-on: a group in Keycloak for each VDC, and members who come and leave."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.core.errors import BadInput, NameTaken, Unreachable
from waldur_site_agent_opennebula.vdc_offering import VdcOffering

from twins.keycloak import KeycloakTwin
from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect, order


@pytest.fixture
def keycloak() -> Iterator[KeycloakTwin]:
    with KeycloakTwin() as twin:
        for username in ("anna", "bert"):
            twin.add_user(username)
        yield twin


@pytest.fixture
def cloud(twin: OpenNebulaTwin, keycloak: KeycloakTwin) -> Cloud:
    return sign_on(twin, keycloak)


def sign_on(twin: OpenNebulaTwin, keycloak: KeycloakTwin, **changes: Any) -> Cloud:
    access = {"url": keycloak.url, "realm": "cloud", "client_id": "waldur", "client_secret": "secret", **changes}
    return connect(twin, keycloak_enabled=True, keycloak=access)


def signs_in(cloud: Cloud, username: str, *groups: int) -> int:
    """OpenNebula's SAML driver makes the user at the first sign-in, in the groups that Keycloak tells."""
    return int(cloud.daemon.once("user.allocate", username, "-", "saml", list(groups)))


def gid(cloud: Cloud) -> int:
    group = cloud.pools.named("groups", "blue")
    assert group is not None
    return group.id


def test_a_vdc_has_a_group_that_opennebula_finds(cloud: Cloud, keycloak: KeycloakTwin) -> None:
    cloud.vdcs.create(order())

    assert [group["name"] for group in keycloak.groups.values()] == ["blue"]
    group = cloud.pools.named("groups", "blue")
    assert group is not None
    assert group.note("SAML_GROUP") == "/blue"
    assert group.text("TEMPLATE/WALDUR_BACKEND_ID") == "blue"  # and with it the quotas of the VDC


def test_members_come_and_leave(cloud: Cloud, keycloak: KeycloakTwin, twin: OpenNebulaTwin) -> None:
    cloud.vdcs.create(order())
    offering = VdcOffering(cloud, {})

    assert offering.add_members("blue", {"anna", "bert", "unknown"}) == {"anna", "bert"}
    assert keycloak.members("blue") == {"anna", "bert"}

    signs_in(cloud, "bert", gid(cloud))
    cloud.pools.forget()
    assert offering.remove_members("blue", {"bert"}) == {"bert"}
    assert keycloak.members("blue") == {"anna"}
    assert "bert" not in [user.name for user in cloud.pools.fresh("users")]
    assert offering.members("blue") == ["anna"]


def test_whoever_has_another_group_keeps_it(cloud: Cloud, keycloak: KeycloakTwin) -> None:
    cloud.vdcs.create(order())
    offering = VdcOffering(cloud, {})
    offering.add_members("blue", {"bert"})
    signs_in(cloud, "bert", gid(cloud), 1)
    cloud.pools.forget()

    offering.remove_members("blue", {"bert"})

    (bert,) = [user for user in cloud.pools.fresh("users") if user.name == "bert"]
    assert (bert.gid, bert.ids("GROUPS/ID")) == (1, [1])


def test_those_who_are_in_cost_no_call(cloud: Cloud, keycloak: KeycloakTwin) -> None:
    cloud.vdcs.create(order())
    offering = VdcOffering(cloud, {})
    offering.add_members("blue", {"anna"})
    keycloak.calls.clear()

    offering.add_members("blue", {"anna"})

    assert keycloak.calls == []


def test_nothing_is_left_anywhere(cloud: Cloud, keycloak: KeycloakTwin, inspect: OpenNebulaTwinClient) -> None:
    before = inspect.objects()
    cloud.vdcs.create(order())
    signs_in(cloud, "anna", gid(cloud))
    vdc = cloud.vdcs.find("blue")
    assert vdc is not None

    cloud.vdcs.delete(vdc)

    assert keycloak.groups == {}
    assert inspect.leftovers(before) == {}


def test_somebody_elses_group_is_left_alone(
    cloud: Cloud, keycloak: KeycloakTwin, inspect: OpenNebulaTwinClient
) -> None:
    keycloak.groups["x"] = {"name": "blue", "attributes": {}, "members": set()}
    before = inspect.objects()

    with pytest.raises(NameTaken, match="Keycloak has a group blue"):
        cloud.vdcs.create(order())

    assert list(keycloak.groups) == ["x"]
    assert inspect.leftovers(before) == {}


def test_an_expired_token_is_renewed(cloud: Cloud, keycloak: KeycloakTwin) -> None:
    cloud.vdcs.create(order())
    keycloak.tokens.clear()

    assert VdcOffering(cloud, {}).add_members("blue", {"anna"}) == {"anna"}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"client_secret": "wrong"}, "backend_settings.keycloak: it refused the client"),
        ({"realm": "none"}, "backend_settings.keycloak: it refused the client"),
    ],
)
def test_access_that_does_not_work_is_named_and_undone(
    twin: OpenNebulaTwin, keycloak: KeycloakTwin, inspect: OpenNebulaTwinClient, changes: Any, sentence: str
) -> None:
    before = inspect.objects()
    with pytest.raises(BadInput, match=sentence):
        sign_on(twin, keycloak, **changes).vdcs.create(order())
    assert keycloak.groups == {}
    assert inspect.leftovers(before) == {}


def test_settings_that_lack_something_are_named(twin: OpenNebulaTwin) -> None:
    with pytest.raises(BadInput, match=r"backend_settings.keycloak: it needs url, realm, client_id, client_secret"):
        connect(twin, keycloak_enabled=True, keycloak={"url": "http://localhost"})
    access = dict.fromkeys(("url", "realm", "client_id", "client_secret"), "x")
    with pytest.raises(BadInput, match=r"backend_settings.keycloak: verify_sll is not known. Known are url"):
        connect(twin, keycloak_enabled=True, keycloak={**access, "verify_sll": False})


def test_a_keycloak_that_does_not_answer_lets_the_order_wait(twin: OpenNebulaTwin) -> None:
    with KeycloakTwin() as gone:
        cloud = sign_on(twin, gone)
    with pytest.raises(Unreachable, match="did not answer"):
        cloud.vdcs.create(order())
