"""Tokens: asked for once, shared by all gateways, renewed once when the cloud does not take them any more."""

import pytest
from django.core.cache import cache

from tests.contract.stage import Room
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.session import authentication


@pytest.fixture
def cloud(room: Room) -> Cloud:
    return room.site.new_member(room.later)


def token_of(cloud: Cloud) -> str:
    return str(cloud.identity.adapter.get_token())


def revoke(cloud: Cloud, token: str) -> None:
    cloud.identity.call("DELETE", "/auth/tokens", headers={"X-Subject-Token": token})


def test_all_services_share_one_token(cloud: Cloud) -> None:
    tokens = {getattr(cloud, name).adapter.get_token() for name in ("identity", "compute", "network", "image")}
    assert tokens == {token_of(cloud)}


def test_another_process_finds_the_token_in_the_cache(cloud: Cloud) -> None:
    token = token_of(cloud)
    authentication.cache_clear()
    assert token_of(Cloud(cloud.credentials)) == token


def test_the_cached_token_is_encrypted(cloud: Cloud) -> None:
    token = token_of(cloud)
    kept = cache.get(cloud.credentials.key)
    assert kept
    assert token.encode() not in kept


def test_a_revoked_token_is_renewed_without_anybody_noticing(cloud: Cloud, room: Room) -> None:
    user_id, token = cloud.identity.own_user_id(), token_of(cloud)
    revoke(room.admin, token)
    assert cloud.identity.get(f"/users/{user_id}")["user"]["id"] == user_id
    renewed = token_of(cloud)
    assert renewed != token
    assert token_of(Cloud(cloud.credentials)) == renewed


def test_a_token_revoked_elsewhere_is_renewed_in_the_other_services_too(cloud: Cloud, room: Room) -> None:
    revoke(room.admin, token_of(cloud))
    for service in ("block_storage", "network", "compute", "image"):
        getattr(cloud, service).check()
