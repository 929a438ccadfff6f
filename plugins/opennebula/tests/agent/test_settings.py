"""What agents and offerings are configured with: what cannot work, or has no effect, is named."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from waldur_site_agent.backend.exceptions import BackendError

from .conftest import NETWORKING

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"api_url": ""}, "backend_settings.api_url: '' is no URL"),
        ({"api_url": "opennebula:2633"}, "backend_settings.api_url: .* Write for example http"),
        ({"credentials": "oneadmin"}, "backend_settings.credentials: .* Write username:password"),
        ({"resource_type": "vdcs"}, "backend_settings.resource_type: 'vdcs' is not known. Write vdc or vm"),
    ],
)
def test_settings_that_cannot_work_are_named(backend: Make, settings: dict[str, str], sentence: str) -> None:
    with pytest.raises(BackendError, match=sentence):
        backend(**settings)


def test_a_setting_that_is_not_known_is_named(backend: Make, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        backend(templat_id=3)
    assert "backend_settings.templat_id is not known and is ignored. Did you mean template_id?" in caplog.text


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("external_netwrok_id", "it is not known. Did you mean external_network_id?"),
        ("virtual_router_template", "it is not known. Did you mean virtual_router_template_id?"),
        ("security_group_default", "it is not known. Did you mean security_group_defaults?"),
        ("clusters_ids", "it is not known. Did you mean cluster_ids?"),
        ("create_opennebula_user", "it is read only in the agent's configuration. Write it into backend_settings."),
        ("credentials", "it is read only in the agent's configuration. Write it into backend_settings."),
        ("keycloak", "it is read only in the agent's configuration. Write it into backend_settings."),
    ],
)
def test_an_option_that_would_have_no_effect_ends_the_order(
    backend: Make, resource: Make, inspect: Any, option: str, sentence: str
) -> None:
    before = inspect.objects()
    misspelt = resource(offering_plugin_options={**NETWORKING, option: "very-secret"})

    with pytest.raises(BackendError) as refused:
        backend().create_resource_with_id(misspelt, "blue")

    assert str(refused.value) == f"plugin_options.{option}: {sentence}"
    assert inspect.objects() == before


def test_an_empty_option_leaves_it_to_the_agents_configuration(backend: Make, resource: Make) -> None:
    empty: list[Any] = [None, "", []]
    for nothing in empty:
        silent = resource(offering_plugin_options={**NETWORKING, "cluster_ids": nothing})
        with pytest.raises(BackendError, match="cluster_ids: OpenNebula has no cluster 77"):
            backend(cluster_ids=[77]).create_resource_with_id(silent, "blue")

    said = resource(offering_plugin_options={**NETWORKING, "cluster_ids": [0]})
    assert backend(cluster_ids=[77]).create_resource_with_id(said, "blue").backend_id == "blue"


def test_options_that_others_read_are_theirs(backend: Make, resource: Make, caplog: pytest.LogCaptureFixture) -> None:
    """The marketplace's own, whatever they are like, and such as nobody here knows: those are named."""
    of_marketplace = {"username_generation_policy": "waldur_username", "default_internal_network_mtu": 1500}
    of_marketplace |= {"homedir_prefix": "/home/", "resource_name_pattern": "", "expose_inference_playground": True}
    options = {**NETWORKING, **of_marketplace, "colour": "green"}

    with caplog.at_level(logging.WARNING):
        backend().create_resource_with_id(resource(offering_plugin_options=options), "blue")

    told = [record.getMessage() for record in caplog.records if "plugin_options" in record.getMessage()]
    assert len(told) == 1
    assert told[0].startswith("plugin_options.colour is not known here and is ignored. Known are zone_id, ")
