"""What the operator hides from the catalogue, what an offering shows of it, and how much of it is used."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.exceptions import ValidationError

from tests.factories import Cast, client_of
from waldur_mastermind.marketplace_openstack.connection import validate_attributes
from waldur_openstack.models import Flavor, Image, Instance, Tenant, VolumeType

pytestmark = pytest.mark.django_db


def hide(tenant: Tenant, **options: Any) -> None:
    service = tenant.service_settings
    service.options = {**service.options, **options}
    service.save()


def names(user: Any, kind: str, **query: Any) -> list[str]:
    return [item["name"] for item in client_of(user).get(f"/api/openstack-{kind}s/", query).json()]


def test_hidden_flavors_and_types_are_neither_listed_nor_chosen(cast: Cast, tenant: Tenant) -> None:
    flavors, types = names(cast.member, "flavor"), names(cast.member, "volume-type")
    hide(tenant, flavor_exclude_regex="^m1[.]s", volume_type_blacklist=[types[0]])
    for person in (cast.member, cast.staff):
        assert names(person, "flavor") == [name for name in flavors if not name.startswith("m1.s")] != flavors
        assert names(person, "volume-type") == types[1:]
        assert client_of(person).get("/api/openstack-volume-types/names/").json() == types[1:]
    assert not Flavor.objects.filter(Flavor.usable_in(tenant), name="m1.small").exists()
    assert names(cast.member, "flavor", name_iregex="TINY$") == ["m1.tiny"]
    assert client_of(cast.member).get("/api/openstack-flavors/", {"name_iregex": "("}).status_code == 400


@pytest.mark.parametrize(
    "wrong",
    [{"flavor_exclude_regex": "("}, {"flavor_exclude_regex": 1}, {"volume_type_blacklist": "ssd"},
     {"volume_type_blacklist": [1]}],
)  # fmt: skip
def test_wrong_options_of_an_offering_are_refused(wrong: dict[str, Any]) -> None:
    right = {"backend_url": "http://cloud", "username": "u", "password": "p", "tenant_name": "admin"}
    validate_attributes({**right, "flavor_exclude_regex": "^x", "volume_type_blacklist": ["ssd"]})
    with pytest.raises(ValidationError) as caught:
        validate_attributes({**right, **wrong})
    assert str(caught.value.detail).count("ErrorDetail") == 1 and next(iter(wrong)) in str(caught.value.detail)


def test_of_images_with_one_name_the_newest_is_listed(cast: Cast, tenant: Tenant) -> None:
    listed = names(cast.member, "image")
    settings, long_ago = tenant.service_settings, timezone.now() - timedelta(days=9999)
    Image.objects.create(settings=settings, name=listed[0], backend_id="old", backend_created_at=long_ago)
    Image.objects.create(
        settings=settings, name=listed[0], backend_id="private", is_public=False, backend_created_at=timezone.now()
    )  # of another tenant: it hides nothing here
    assert names(cast.member, "image") == listed
    assert "old" not in [item["backend_id"] for item in client_of(cast.member).get("/api/openstack-images/").json()]
    assert len(names(cast.member, "image", show_duplicate_names=True)) == len(listed) + 1


def test_usage_is_counted_by_name_for_staff_and_support(cast: Cast, tenant: Tenant) -> None:
    for state in ("ACTIVE", "ACTIVE", "SHUTOFF"):
        Instance.objects.create(
            tenant=tenant, name=state, runtime_state=state, flavor_name="m1.tiny", image_name="cirros"
        )
    for kind, name in (("flavor", "m1.tiny"), ("image", "cirros")):
        path = f"/api/openstack-{kind}s/usage_stats/"
        answer = client_of(cast.support).get(path, {"shared": True})
        stats = {item["name"]: item for item in answer.json()}
        assert stats[name] == {"name": name, "running_instances_count": 2, "created_instances_count": 3}
        assert int(answer["X-Result-Count"]) == len(stats)
        assert {item["created_instances_count"] for key, item in stats.items() if key != name} <= {0}
        provider = tenant.service_settings.customer.uuid.hex
        assert len(client_of(cast.staff).get(path, {"service_provider": provider}).json()) == len(stats)
        for query in ({"shared": False}, {"service_provider": cast.customer.uuid.hex}):
            assert client_of(cast.staff).get(path, query).json() == []
        assert client_of(cast.owner).get(path).status_code == 403


def test_types_are_listed_once(cast: Cast, tenant: Tenant) -> None:
    known = VolumeType.objects.filter(settings=tenant.service_settings).count()
    assert len(client_of(cast.member).get("/api/openstack-volume-types/names/").json()) == known
