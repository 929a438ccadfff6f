"""Members of a project in Keycloak and in OpenNebula: in with their role, out with it, within the limits of the VDC."""

from typing import Any

import pytest

from tests.opennebula.looks import connect, done, ended, group_of, served, vm_quota
from tests.opennebula.stage import TEAM, OpenNebulaStage, Site
from twins.keycloak import KeycloakTwin
from waldur_core.permissions.grants import find_grant, revoke
from waldur_core.permissions.models import Role

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.django_db(transaction=True)]


def users(one: Any) -> list[str]:
    return [user.NAME for user in one.userpool.info().USER]


def test_who_leaves_the_project_is_shut_out(stage: OpenNebulaStage, site: Site, keycloak: KeycloakTwin) -> None:
    before = site.cloud.objects()
    access = {"url": keycloak.url, "realm": "cloud", "client_id": "waldur", "client_secret": "secret"}
    agent = site.of_vdcs(keycloak_enabled=True, keycloak=access)
    resource = served(agent, stage.order_vdc())
    agent.works("membership_sync", lambda: keycloak.members("genome-lab") == TEAM)
    assert group_of(site, "genome-lab").TEMPLATE["SAML_GROUP"] == "/genome-lab"
    assert vm_quota(site, "genome-lab").CPU == 4  # the one group that members are in carries the quotas
    one = connect(site)
    group = site.cloud.id_of("groups", "genome-lab")
    for name in ("member", "manager"):  # as OpenNebula's SAML driver does when they sign in
        one.user.allocate(name, "-", "saml", [group])

    revoke(find_grant(stage.project, stage.member, Role.objects.get(name="PROJECT.MEMBER")), stage.project, actor=None)
    agent.works("membership_sync", lambda: "member" not in users(one))
    assert keycloak.members("genome-lab") == TEAM - {"member"}
    assert "manager" in users(one)
    end = stage.terminate(resource)
    agent.works("order_process", lambda: ended(end))
    assert done(end).state == "Terminated"
    assert keycloak.groups == {}
    assert site.cloud.leftovers(before) == {}
