"""Making many objects of several kinds: in bulk where Neutron can, several calls at a time, each result kept at once.

Neutron makes all objects of a bulk or none. When it refuses one, it is halved until the one to blame stands alone; that
one is reported, the others are made. What passes by itself is left to the engine, which tries again.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any

from django.db import transaction

from waldur_core.operations.errors import CloudQuotaExceeded, ErrorCode, OperationError
from waldur_core.structure.states import CoreState
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.concurrency import as_done
from waldur_openstack.cloud.gateway import JSON
from waldur_openstack.marks import undescribed
from waldur_openstack.sync.network import network_columns, port_columns, router_columns, subnet_columns
from waldur_openstack_replication.models import MigrationItem
from waldur_openstack_replication.workflows.bodies import BODIES, MissingPart
from waldur_openstack_replication.workflows.context import MODELS, Kind, MigrationContext, State, write

CHUNK = 100  # objects in a call: some 40 KiB
WORDS = {Kind.ROUTE: "router", Kind.INTERFACE: "port"}  # Neutron's, where it is another than ours
REPORTED = (ErrorCode.INVALID, ErrorCode.CONFLICT, ErrorCode.NOT_FOUND, ErrorCode.QUOTA)  # of one object, not of all
COLUMNS: dict[str, Callable[[JSON], dict[str, Any]]] = {
    Kind.NETWORK: network_columns,
    Kind.SUBNET: subnet_columns,
    Kind.ROUTER: router_columns,
    Kind.SECURITY_GROUP: lambda found: {},
    Kind.PORT: port_columns,
}


@dataclass(frozen=True)
class Job:
    """One call: some items of a kind with their bodies."""

    kind: str
    items: tuple[MigrationItem, ...]
    bodies: tuple[JSON, ...]

    def halves(self) -> Iterator["Job"]:
        middle = (len(self.items) + 1) // 2
        for part in (slice(middle), slice(middle, None)):
            yield replace(self, items=self.items[part], bodies=self.bodies[part])

    def call(self, cloud: Cloud) -> list[JSON]:
        if len(self.items) > 1:
            return cloud.network.create_many(self.kind, list(self.bodies))
        return [self.alone(cloud)]

    def alone(self, cloud: Cloud) -> JSON:
        (body,) = self.bodies
        try:
            return cloud.network.create(self.kind, **body)
        except OperationError as error:
            if "mtu" not in body or error.code != ErrorCode.INVALID or "mtu" not in error.message.lower():
                raise
        return cloud.network.create(self.kind, **{name: value for name, value in body.items() if name != "mtu"})


def make(*kinds: str) -> Callable[[MigrationContext], None]:
    """A step's `do`: make the items of these kinds that are still to be made."""

    def do(context: MigrationContext) -> None:
        work(context, list(jobs(context, context.items(*kinds))))

    return do


def jobs(context: MigrationContext, items: Iterable[MigrationItem]) -> Iterator[Job]:
    """In calls of at most CHUNK; the rules of one group go together, for Neutron takes no others at a time."""
    batches: dict[tuple[str, str], list[tuple[MigrationItem, JSON]]] = {}
    lost = []
    for item in items:
        try:
            body = BODIES[item.kind](context, item)
        except MissingPart as reason:
            item.state, item.reason = State.FAILED, str(reason)
            lost.append(item)
            continue
        batches.setdefault((item.kind, body.get("security_group_id", "")), []).append((item, body))
    give_up(context, lost)
    for (kind, _), pairs in batches.items():
        for start in range(0, len(pairs), CHUNK):
            chunk = pairs[start : start + CHUNK]
            yield Job(kind, tuple(item for item, _ in chunk), tuple(body for _, body in chunk))


def work(context: MigrationContext, todo: list[Job]) -> None:
    """Call, keep, halve; raise what passes by itself once everything else is done."""
    cloud = context.cloud  # before the threads: it is read from our tables
    passing: OperationError | None = None
    exhausted: dict[str, str] = {}  # kinds of which the quota is reached: why
    while todo:
        again: list[Job] = []
        give_up(context, [failed(item, exhausted[job.kind]) for job in todo if job.kind in exhausted
                          for item in job.items])  # fmt: skip
        todo = [job for job in todo if job.kind not in exhausted]
        for batch in as_done(lambda job: job.call(cloud), todo):
            made: dict[str, list[tuple[MigrationItem, JSON]]] = {}
            for job, result in batch:
                if not isinstance(result, BaseException):
                    made.setdefault(job.kind, []).extend(zip(job.items, result, strict=True))
                elif not isinstance(result, OperationError):
                    raise result
                elif result.code not in REPORTED:
                    passing = result
                elif len(job.items) > 1:
                    again += job.halves()
                elif may_pass(context, result):
                    passing = result
                else:
                    give_up(context, [failed(item, result.message) for item in job.items])
                    if isinstance(result, CloudQuotaExceeded):
                        exhausted[job.kind] = result.message
            for kind, pairs in made.items():
                keep(context, kind, pairs, State.CREATED)
        todo = again
    if passing:
        raise passing


def settle_each(
    context: MigrationContext,
    call: Callable[[Any], Any],
    todo: Iterable[tuple[list[MigrationItem], Any]],
    done: Callable[[list[MigrationItem], Any], None],
) -> None:
    """The same for calls that stand alone: `todo` are items, each with what `call` takes; `done` keeps the result."""
    passing: OperationError | None = None
    for (items, _), result in chain.from_iterable(as_done(lambda job: call(job[1]), todo)):
        if not isinstance(result, BaseException):
            done(items, result)
        elif not isinstance(result, OperationError):
            raise result
        elif result.code in REPORTED and not may_pass(context, result):
            give_up(context, [failed(item, result.message) for item in items])
        else:
            passing = result
    if passing:
        raise passing


def may_pass(context: MigrationContext, error: OperationError) -> bool:
    tries = context.operation.attempts + 1
    return error.retryable and (error.max_attempts is None or tries < error.max_attempts)


def failed(item: MigrationItem, reason: str) -> MigrationItem:
    item.state, item.reason = State.FAILED, reason[:1000]
    return item


def give_up(context: MigrationContext, items: list[MigrationItem]) -> None:
    """Report them; their rows say why."""
    if not items:
        return
    context.settle(items)
    for item in items:
        if item.kind in MODELS:
            rows = MODELS[item.kind].objects.filter(uuid=item.uuid, backend_id="")
            rows.update(state=CoreState.ERRED, error_message=item.reason)


@transaction.atomic
def keep(context: MigrationContext, kind: str, pairs: list[tuple[MigrationItem, JSON]], state: str) -> None:
    """What the cloud has made, or was found to have made: in the items, and in the rows that stand for them."""
    for item, found in pairs:
        item.state, item.backend_id, item.reason = state, found["id"], difference(item, found)
    context.settle([item for item, _ in pairs])
    if kind in MODELS:
        keep_rows(context, kind, pairs)


def difference(item: MigrationItem, found: JSON) -> str:
    """What the cloud has made otherwise; else the note of the plan."""
    wanted = item.wanted.get("mtu")
    if item.kind == Kind.NETWORK and wanted and found.get("mtu") != wanted:
        return f"The cloud does not offer an MTU of {wanted}: it is {found.get('mtu')}."
    return item.reason


def keep_rows(context: MigrationContext, kind: str, pairs: list[tuple[MigrationItem, JSON]]) -> None:
    rows = context.rows(kind, [item for item, _ in pairs])
    changed: set[str] = {"backend_id", "state", "error_message"}
    for item, found in pairs:
        if (row := rows.get(item.uuid)) is None:
            continue
        columns = COLUMNS[kind](found)
        changed |= columns.keys()
        # a group is at rest only when it has its rules
        state = CoreState.CREATING if kind == Kind.SECURITY_GROUP else CoreState.OK
        for name, value in {**columns, "backend_id": found["id"], "state": state, "error_message": ""}.items():
            setattr(row, name, value)
    write(rows.values(), changed)


def adopt(*kinds: str) -> Callable[[MigrationContext], Any]:
    """A step's `marker`: find by our marks what a lost try has made. True when nothing is left to be made."""

    def marker(context: MigrationContext) -> bool | None:
        pending = context.items(*kinds)
        for kind in kinds:
            own = {item.uuid.hex: item for item in pending if item.kind == kind}
            if own:
                listed = context.cloud.network.list(WORDS.get(Kind(kind), kind), project_id=context.project_id)
                marked = {undescribed(found.get("description") or "")[1]: found for found in listed}
                pairs = [(item, marked[mark]) for mark, item in own.items() if mark in marked]
                keep(context, kind, pairs, State.ADOPTED)
        return None if context.items(*kinds) else True

    return marker
