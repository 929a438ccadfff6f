"""The offering's getting-started text, as the owner of a resource reads it."""

import pytest

from tests.factories import client_of
from tests.marketplace.stage import Stage
from waldur_mastermind.marketplace.getting_started import fill_in


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("Call {resource_name} at {backend_metadata_ip}.", "Call web at 10.0.0.9."),
        ("Nobody knows {backend_metadata_port} nor {name}.", "Nobody knows {backend_metadata_port} nor {name}."),
        ('{"json": {}} and {{resource_name}}', '{"json": {}} and {web}'),
        ("", ""),
    ],
)
def test_what_is_known_is_filled_in(text: str, filled: str) -> None:
    assert fill_in(text, "web", {"ip": "10.0.0.9"}) == filled


def test_it_stands_with_the_resource_and_shows_no_secret_to_members(db: None) -> None:
    stage = Stage()
    stage.offering.getting_started = "{resource_name}: {backend_metadata_ip}, {backend_metadata_password}"
    stage.offering.save()
    metadata = {"backend_metadata": {"ip": "10.0.0.9"}, "secret_metadata": {"password": "hush"}}
    path = f"/api/marketplace-resources/{stage.make_resource(**metadata).uuid.hex}/"

    for user, password in ((stage.owner, "hush"), (stage.member, "***")):
        assert client_of(user).get(path).json()["getting_started"] == f"machine: 10.0.0.9, {password}"

    stage.offering.getting_started = ""
    stage.offering.save()
    assert client_of(stage.owner).get(path).json()["getting_started"] == ""
