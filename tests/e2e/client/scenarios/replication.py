"""Migrations: the neighbour is copied within its cloud, and nothing of it stays."""

from typing import Any

from tests.e2e.client.scenarios.base import Scenarios
from tests.e2e.client.stage import Row
from waldur_core.operations.models import Operation
from waldur_openstack_replication.models import Migration


class Migrations(Scenarios):
    section, model = "openstack_migrations", Migration

    def body(self) -> dict[str, Any]:
        resource = self.stage.estate.resource_of(self.stage.neighbour)
        plan = resource.offering.plans.get()
        name = self.stage.name()
        ids = {"src_resource": resource, "dst_offering": resource.offering, "dst_plan": plan}
        mappings = {"skip_connection_extnet": True, "networks": [self._network()]}
        return {**{key: str(row.uuid) for key, row in ids.items()}, "name": name, "mappings": mappings}

    def _network(self) -> str:
        return str(self.stage.neighbour.networks.earliest("pk").uuid)

    def make(self) -> Row:
        """The client's model of the answer to a creation names the source alone."""
        before = set(Migration.objects.values_list("pk", flat=True))
        answer = self.call("create", None, self.body())
        found = Migration.objects.exclude(pk__in=before).get()
        assert answer.src_resource == found.src_resource.uuid
        return self.stage.now(found)

    def standing(self) -> Row:
        return Migration.objects.first() or self.make()

    def create(self) -> None:
        migration = self.make()
        found = self.call("retrieve", migration)
        assert (found.state, found.dst_resource_state) == ("OK", "OK")
        assert found.additional_properties["verification"]["verified"] is True

    def list(self) -> None:
        row = self.standing()
        for who in ("owner", "staff"):
            found = self.call("list", who=who, src_resource_uuid=row.src_resource.uuid)
            assert row.uuid in {migration.uuid for migration in found}
        assert self.call("list", who="member") == []

    def retrieve(self) -> None:
        row = self.standing()
        found = self.call("retrieve", row)
        assert (found.uuid, found.created_by_full_name) == (row.uuid, row.created_by.full_name)
        assert [str(uuid) for uuid in found.mappings.networks] == [self._network()]

    def update(self) -> None:
        self._update("update")

    def partial_update(self) -> None:
        self._update("partial_update")

    def _update(self, action: str) -> None:
        """Possible until something has been made."""
        row = self.make()
        Operation.objects.filter(subject_uuid=row.uuid).delete()
        row.items.all().delete()
        type(row.tenant).objects.filter(pk=row.tenant.pk).update(backend_id="")
        found = self.call(action, row, {"mappings": {"skip_connection_extnet": False}})
        assert found.mappings.skip_connection_extnet is False
        assert row.items.filter(kind="network", state="planned").count() == self.stage.neighbour.networks.count()

    def destroy(self) -> None:
        row = self.make()
        assert self.call("destroy", row) is None
        assert self.stage.gone(row)
