"""Credentials of a VDC: renewed on request and when somebody leaves."""

from __future__ import annotations

import pyone
import pytest
from waldur_site_agent_opennebula.cloud import Cloud
from waldur_site_agent_opennebula.vdc_offering import VdcOffering

from twins.opennebula import OpenNebulaTwin, OpenNebulaTwinClient

from .conftest import connect, order
from .tenant import sign_in


@pytest.fixture
def offering(cloud: Cloud) -> VdcOffering:
    cloud.vdcs.create(order())
    return VdcOffering(cloud, {})


def works(twin: OpenNebulaTwin, credentials: tuple[str, str]) -> bool:
    try:
        pyone.OneServer(twin.endpoint, session=":".join(credentials)).user.info(-1)
    except pyone.OneAuthenticationException:
        return False
    return True


def test_a_new_password_ends_the_old_one(offering: VdcOffering, cloud: Cloud, twin: OpenNebulaTwin) -> None:
    old = sign_in(cloud)

    assert offering.renew_password("blue", "first request")

    assert works(twin, sign_in(cloud))
    assert not works(twin, old)


def test_one_request_is_served_once(offering: VdcOffering, cloud: Cloud, twin: OpenNebulaTwin) -> None:
    offering.renew_password("blue", "first request")
    renewed = sign_in(cloud)

    VdcOffering(connect(twin), {}).renew_password("blue", "first request")
    assert sign_in(connect(twin)) == renewed

    VdcOffering(connect(twin), {}).renew_password("blue", "second request")
    assert sign_in(connect(twin)) != renewed


def test_a_request_that_broke_off_is_served_again(
    offering: VdcOffering, twin: OpenNebulaTwin, inspect: OpenNebulaTwinClient
) -> None:
    inspect.refuse("user.passwd")
    with pytest.raises(Exception, match="Injected"):
        offering.renew_password("blue", "a request")
    assert sign_in(connect(twin))[1] == ""  # better none than a wrong one

    again = connect(twin)
    VdcOffering(again, {}).renew_password("blue", "a request")

    assert works(twin, sign_in(again))


def test_whoever_leaves_loses_access(offering: VdcOffering, cloud: Cloud, twin: OpenNebulaTwin) -> None:
    offering.add_members("blue", {"anna", "bert"})
    old = sign_in(cloud)

    assert offering.remove_members("blue", {"bert", "carl"}) == {"bert"}

    assert VdcOffering(connect(twin), {}).members("blue") == ["anna"]
    assert not works(twin, old)
    assert works(twin, sign_in(cloud))


def test_a_vdc_without_user_has_no_password(cloud: Cloud) -> None:
    cloud.vdcs.create(order(with_user=False))
    offering = VdcOffering(cloud, {})

    assert not offering.renew_password("blue", "a request")
    assert "opennebula_username" not in offering.metadata("blue")
