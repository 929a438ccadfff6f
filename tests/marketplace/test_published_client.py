"""Every answer can be read by the published client, with and without values."""

from typing import Any

import pytest
import waldur_api_client.models as client_models

from tests.factories import client_of
from tests.marketplace.stage import Stage, post
from tests.marketplace.test_order_outcomes import make_operation
from tests.openstack.worlds import remembered
from waldur_mastermind.marketplace import catalogue
from waldur_mastermind.marketplace.models import Offering

pytestmark = pytest.mark.slow

PAGES = [
    ("marketplace-categories", "MarketplaceCategory"),
    ("marketplace-service-providers", "ServiceProvider"),
    ("marketplace-public-offerings", "PublicOfferingDetails"),
    ("marketplace-provider-offerings", "ProviderOfferingDetails"),
    ("marketplace-plans", "ProviderPlanDetails"),
    ("marketplace-plan-components", "PlanComponent"),
    ("marketplace-orders", "OrderDetails"),
    ("marketplace-resources", "Resource"),
    ("marketplace-provider-resources", "Resource"),
    ("marketplace-component-usages", "ComponentUsage"),
    ("marketplace-component-user-usages", "ComponentUserUsage"),
]


@pytest.fixture
def everything(stage: Stage) -> None:
    """Objects with little and with much to tell."""
    remembered("everything", None, lambda: make_everything(stage))


def make_everything(stage: Stage) -> None:
    stage.make_private_offering()
    stage.placed(stage.admin, Offering.objects.get(name="Rooms"))
    stage.placed(stage.member)
    stage.placed(stage.owner, stage.basic)
    make_operation(stage.placed(stage.owner))
    resource = stage.make_resource(report=[{"header": "h", "body": "b"}], backend_metadata={"state": "OK"})
    post(stage.owner, resource, "update_limits", {"limits": {"cores": 4}})
    catalogue.add_component(stage.offering, {"type": "traffic", "name": "Traffic", "billing_type": "usage"})
    form = {"order": ["size"], "options": {"size": {"type": "integer", "label": "Size"}}}
    plugin_options = {"storage_mode": "fixed", "max_instances": 3}
    Offering.objects.filter(pk=stage.offering.pk).update(options=form, plugin_options=plugin_options)
    post(stage.staff, stage.offering, "update_integration", {"service_attributes": {"password": "x", "token": "y"}})


@pytest.mark.parametrize(("path", "model"), PAGES)
def test_lists_and_objects_parse(stage: Stage, everything: None, path: str, model: str) -> None:
    parse = getattr(client_models, model).from_dict
    for user in (stage.staff, stage.provider_owner, stage.owner, stage.member):
        rows = client_of(user).get(f"/api/{path}/?page_size=100").json()
        for row in rows:
            parsed = parse(row).to_dict()
            assert all(
                parsed[key] == row[key] for key in row.keys() & {"name", "state", "limits", "attributes", "price"}
            )
            if "url" in row:
                assert client_of(user).get(row["url"]).json().keys() == row.keys()


def test_answers_of_actions_parse(stage: Stage) -> None:
    resource = stage.make_resource()
    answer = post(stage.owner, resource, "terminate").json()
    assert client_models.OrderUUID.from_dict(answer).order_uuid
    order = stage.placed(stage.member)
    assert client_models.OrderInfoResponse.from_dict(post(stage.owner, order, "approve_by_consumer").json()).detail
    assert client_models.DetailState.from_dict(post(stage.staff, stage.offering, "pause").json()).state == "Paused"
    url = f"/api/marketplace-resources/{resource.uuid.hex}/"
    periods: Any = client_of(stage.owner).get(f"{url}plan_periods/").json()
    assert all(client_models.ResourcePlanPeriod.from_dict(period) for period in periods)
    offering = client_of(stage.owner).get(f"{url}offering/").json()
    assert client_models.PublicOfferingDetails.from_dict(offering).state == "Paused"
    of_order = client_of(stage.owner).get(f"/api/marketplace-orders/{order.uuid.hex}/resource/").json()
    parsed: Any = client_models.Resource.from_dict(of_order)
    assert parsed.creation_order.uuid == order.uuid
