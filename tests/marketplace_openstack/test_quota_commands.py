"""`waldur push_tenant_quotas` and `waldur import_tenant_quotas`: what is sold and what clouds give is made to agree."""

from io import StringIO
from typing import Any

from django.core.management import call_command

from tests.e2e.estate import Estate
from tests.factories import make_customer
from tests.marketplace_openstack.selling import limits_of
from tests.marketplace_openstack.watching import quotas_in_the_cloud
from waldur_core.operations.models import Operation
from waldur_core.quotas import counters
from waldur_core.structure.models import ServiceSettings
from waldur_mastermind.marketplace.models import Resource
from waldur_openstack.cloud import Cloud
from waldur_openstack.models import Tenant
from waldur_openstack.workflows.context import save


def run(command: str, *options: str) -> tuple[int, str]:
    """Its exit code and all it says."""
    out = StringIO()
    try:
        call_command(command, *options, stdout=out, stderr=out)
    except SystemExit as end:
        return int(str(end.code)), out.getvalue()
    return 0, out.getvalue()


def give(estate: Estate, **cores_and_ram: int) -> None:
    """The administrator changes limits in the cloud."""
    Cloud.of(estate.tenant.service_settings).compute.set_quotas(estate.tenant.backend_id, cores_and_ram)


def counted(tenant: Tenant) -> dict[str, int]:
    return dict(counters.quotas_of(tenant).values_list("name", "usage"))


def second_tenant(estate: Estate, url: str) -> Tenant:
    """A sold tenant in a cloud at another address."""
    secret = {**estate.tenant.service_settings.secret_options, "backend_url": url}
    service = ServiceSettings.objects.create(name="Away", type="OpenStack", state="OK", secret_options=secret,
                                             customer=make_customer("Away"))  # fmt: skip
    tenant = Tenant.objects.create(
        name="distant", project=estate.project, service_settings=service, backend_id="p", state="OK"
    )
    resource = estate.resource_of(estate.tenant)
    copy = Resource(name="distant", offering=resource.offering, project=estate.project, limits=resource.limits)
    copy.state, copy.plan = Resource.State.OK, resource.plan
    copy.scope = tenant
    copy.save()
    return tenant


def test_where_all_agrees_nothing_is_found_and_nothing_done(estate: Estate) -> None:
    before = estate.traces()
    for command in ("push_tenant_quotas", "import_tenant_quotas"):
        for options in (("--dry-run",), ()):
            code, said = run(command, *options)
            assert (code, "0 tenants differ" in said) == (0, True), said
    assert estate.traces() == before


def test_a_dry_run_tells_what_would_be_pushed_and_pushes_nothing(estate: Estate) -> None:
    give(estate, cores=3)
    before = estate.traces()
    code, said = run("push_tenant_quotas", "--dry-run")
    assert code == 1
    assert "genome (Cloud): cores: 3 -> 8" in said
    assert estate.traces() == before
    assert quotas_in_the_cloud(estate.tenant)[0] == 3


def test_limits_that_differ_are_pushed(estate: Estate) -> None:
    give(estate, cores=3, ram=1024, instances=99)
    code, said = run("push_tenant_quotas")
    assert code == 0, said
    assert quotas_in_the_cloud(estate.tenant) == (8, 16384, 100)
    assert Operation.objects.latest("pk").state == "done"
    assert run("push_tenant_quotas", "--dry-run")[0] == 0


def test_a_busy_tenant_is_reported(estate: Estate) -> None:
    give(estate, cores=3)
    save(estate.tenant, state="UPDATING")
    code, said = run("push_tenant_quotas")
    assert (code, "The state is UPDATING" in said) == (2, True), said
    assert quotas_in_the_cloud(estate.tenant)[0] == 3


def test_a_push_that_the_cloud_refuses_is_reported(estate: Estate) -> None:
    give(estate, cores=3)
    estate.cloud.add_fault(service="block_storage", method="PUT", path="os-quota-sets", status=400, message="Not now.")
    code, said = run("push_tenant_quotas")
    assert (code, "Not now." in said) == (2, True), said


def test_a_cloud_that_is_away_does_not_keep_the_others(estate: Estate) -> None:
    second_tenant(estate, "http://127.0.0.1:9/v3")
    give(estate, cores=3)
    code, said = run("push_tenant_quotas")
    assert code == 2
    assert "distant (Away): " in said
    assert "1 tenants differ, 1 could not be dealt with." in said
    assert quotas_in_the_cloud(estate.tenant)[0] == 8


def test_limits_and_usages_of_the_cloud_are_imported(estate: Estate) -> None:
    give(estate, cores=30, ram=20480)
    used = counted(estate.tenant)
    counters.set_usages(estate.tenant, {"vcpu": 7, "storage": 0})
    code, said = run("import_tenant_quotas", "--dry-run")
    assert code == 1
    assert "limit of cores: 8 -> 30" in said and "usage of vcpu: 7 -> 1" in said
    assert limits_of(estate.tenant)["cores"] == 8 and counted(estate.tenant)["vcpu"] == 7
    code, said = run("import_tenant_quotas")
    assert code == 0, said
    assert limits_of(estate.tenant) == {"cores": 30, "ram": 20480, "storage": 102400}
    assert counted(estate.tenant) == used
    assert usages_of(estate) == {"cores": 1, "ram": 512, "storage": 5120}
    assert run("import_tenant_quotas", "--dry-run")[0] == 0


def usages_of(estate: Estate) -> dict[str, Any]:
    return dict(estate.resource_of(estate.tenant).current_usages)


def test_what_is_unlimited_in_the_cloud_is_not_sold_as_such(estate: Estate) -> None:
    give(estate, cores=-1)
    assert run("import_tenant_quotas")[0] == 0
    assert limits_of(estate.tenant)["cores"] == 8


def test_tenants_of_several_clouds_are_imported_past_one_that_is_away(estate: Estate) -> None:
    second_tenant(estate, "http://127.0.0.1:9/v3")
    give(estate, cores=30)
    code, said = run("import_tenant_quotas")
    assert code == 2, said
    assert limits_of(estate.tenant)["cores"] == 30
