"""What is the same for every kind of object: reading, putting straight, pulling, renaming and deleting."""

from typing import Any, ClassVar

from tests.e2e.client.stage import Row, Stage


class Scenarios:
    """The scenarios of one section of the client: a method for each function, called by its action."""

    section: ClassVar[str]
    model: ClassVar[Any]

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def call(self, action: str, subject: Row = None, body: Any = None, **more: Any) -> Any:
        return self.stage.call(f"{self.section}_{action}", subject, body, **more)

    def standing(self) -> Row:
        """One that stands for all scenarios: it is left as it was."""
        return self.model.objects.filter(tenant=self.stage.tenant, state="OK").earliest("pk")

    def make(self) -> Row:
        """One of the scenario's own, which it may spoil."""
        raise AssertionError(f"Say in {type(self).__name__}.make how one is made.")

    def made(self, parsed: Any) -> Row:
        """The row of what a function has created, which must have gone well."""
        return self.stage.now(self.model.objects.get(uuid=parsed.uuid))

    # reading -------------------------------------------------------------------------------------------------------

    def list(self) -> None:
        for who in ("owner", "member"):
            assert self.standing().uuid in {row.uuid for row in self.call("list", who=who, page_size=300)}
        assert self.call("list", who="stranger") == []

    def count(self) -> None:
        assert self.standing()
        assert self.call("count") == len(self.call("list", page_size=300)) > 0

    def retrieve(self) -> None:
        row = self.standing()
        for who in ("owner", "member"):
            found = self.call("retrieve", row, who=who)
            assert (found.uuid, found.url) == (row.uuid, self.call("retrieve", row, who="staff").url)
            assert getattr(found, "name", row.name) == row.name


class Stateful(Scenarios):
    """Objects with a core state."""

    def pull(self) -> None:
        """What was changed behind our back is seen."""
        row = self.standing()
        assert self.call("pull", row).detail
        assert self.stage.now(row).backend_id == row.backend_id

    def set_ok(self) -> None:
        row = self.standing()
        self.call("set_erred", row, {"error_message": "broken"}, who="staff")
        assert self.call("set_ok", row, who="staff").detail
        assert self.stage.now(row).error_message == ""

    def set_erred(self) -> None:
        row = self.standing()
        assert self.call("set_erred", row, {"error_message": "It is broken."}, who="staff").detail
        found = self.call("retrieve", row)
        assert (found.state.value, found.error_message) == ("ERRED", "It is broken.")
        self.call("set_ok", row, who="staff")

    def unlink(self) -> None:
        """The row goes, the object in the cloud stays."""
        row, cloud = self.make(), self.stage.estate.cloud
        before = [call for call in cloud.calls() if call["changed"]]
        assert self.call("unlink", row, who="staff") is None
        assert self.stage.gone(row)
        assert [call for call in cloud.calls() if call["changed"]] == before


class Renamable(Scenarios):
    """PUT and PATCH."""

    def update(self) -> None:
        row, name = self.make(), self.stage.name()
        assert self.call("update", row, self.replacement(row, name)).name == name
        assert (self.stage.now(row).name, self.stage.now(row).description) == (name, "changed")

    def replacement(self, row: Row, name: str) -> dict[str, Any]:
        """The body of a PUT."""
        return {"name": name, "description": "changed"}

    def partial_update(self) -> None:
        row = self.make()
        assert self.call("partial_update", row, {"description": "only this"}).name == row.name
        assert (self.stage.now(row).name, self.stage.now(row).description) == (row.name, "only this")


class Removable(Scenarios):
    """DELETE."""

    def destroy(self) -> None:
        row = self.make()
        assert self.call("destroy", row) is None
        assert self.stage.gone(row)
