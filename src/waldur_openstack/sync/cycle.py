"""One cycle over a whole cloud, with the service account's own session: `synchronise`."""

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from django.utils import timezone

from waldur_core.operations.errors import OperationError, Unreachable
from waldur_core.operations.leases import LeaseLost
from waldur_core.structure.models import ServiceSettings
from waldur_openstack.cloud import Cloud
from waldur_openstack.cloud.concurrency import MOST_AT_ONCE
from waldur_openstack.cloud.counting import counted
from waldur_openstack.models import SyncCursor, SyncRun
from waldur_openstack.sync import breaker
from waldur_openstack.sync.ahead import Ahead
from waldur_openstack.sync.errands import DIED, ERRANDS, finish
from waldur_openstack.sync.kinds import Kind
from waldur_openstack.sync.leases import CloudLease, leased
from waldur_openstack.sync.reconcile import Outcome
from waldur_openstack.sync.register import AFTER, BEFORE, ORDER, WHOLE, Other
from waldur_openstack.sync.scope import Scope
from waldur_openstack.sync.usages import take_counted
from waldur_openstack.sync.whole import Usages, WholeKind, pages

logger = logging.getLogger(__name__)

# Kinds whose first page is asked for while another is worked on. Ports come later than what they tell of: what they say
# of a server must have been heard after the server was written.
KINDS_AHEAD = 2
CHANGES = "sync_changes"


def synchronise(
    service_settings: ServiceSettings,
    kinds: Iterable[Kind | str] | None = None,
    *,
    full: bool = False,
    task: str = CHANGES,
    run: SyncRun | None = None,
) -> SyncRun:
    """Make our rows say what the cloud says of these kinds (all that change often, by default), in all our tenants.

    Asks for what has changed since the last time; with `full`, for everything. Returns the run, which tells what came
    of it; an error of the cloud is told there. Raises leases.Busy when another worker is at it.
    """
    words = names(kinds)
    with leased(service_settings) as lease, counted() as counter:
        run = begin(service_settings, task, run)
        try:
            Cycle(service_settings, lease, full, run).work(words)
        except LeaseLost:
            raise  # whoever has the lease now has ended the run, too
        except Exception as error:  # of ours: it must not look as if the run went on
            finish(run, counter.calls, f"{type(error).__name__}: {error}")
            raise
        finish(run, counter.calls)
        return run


def names(kinds: Iterable[Kind | str] | None) -> list[str]:
    """In the order of the register: what others refer to comes first."""
    if kinds is None:
        return list(WHOLE)
    wanted = {kind if isinstance(kind, str) else kind.word for kind in kinds}
    if unknown := wanted - set(ORDER):
        raise ValueError(f"Unknown kinds: {', '.join(sorted(unknown))}")
    return [word for word in ORDER if word in wanted]


def begin(service_settings: ServiceSettings, task: str, run: SyncRun | None) -> SyncRun:
    """The run begins. One that says it is still running has lost its worker: we hold the lease."""
    dead = SyncRun.objects.filter(service_settings=service_settings, tenant=None, state=SyncRun.State.RUNNING)
    looks = dead.exclude(task__in=ERRANDS.keys() - {task})  # those have no lease
    looks.update(state=SyncRun.State.ERRED, ended=timezone.now(), error=DIED)
    run = run or SyncRun(service_settings=service_settings, task=task)
    run.state, run.started = SyncRun.State.RUNNING, timezone.now()
    run.save()
    return run


@dataclass
class Cycle:
    """The work under one lease."""

    service_settings: ServiceSettings
    lease: CloudLease
    full: bool
    run: SyncRun
    usages: Usages = field(default_factory=lambda: defaultdict(Counter))
    counted: set[str] = field(default_factory=set)  # kinds of which everything was listed
    errors: list[OperationError] = field(default_factory=list)
    silent: set[str] = field(default_factory=set)  # services that do not answer
    answered: bool = False

    def work(self, words: list[str]) -> None:
        began = timezone.now()
        self.cloud = Cloud.of(self.service_settings)
        self.scope = Scope.of_cloud(self.service_settings)
        for word in (word for word in words if word in BEFORE):
            self.attempt(word, "", partial(self.other, BEFORE[word]))
        self.listings([WHOLE[word] for word in words if word in WHOLE])
        take_counted(self.scope, self.usages, self.counted, began)
        for word in (word for word in words if word in AFTER):
            self.attempt(word, "", partial(self.other, AFTER[word]))
        self.judge()

    def listings(self, kinds: list[Kind]) -> None:
        """Kind after kind; the first pages of the next ones are under way."""
        begun: dict[str, WholeKind] = {}
        with ThreadPoolExecutor(MOST_AT_ONCE, thread_name_prefix="sync") as pool:
            for place, kind in enumerate(kinds):
                for near in kinds[place : place + 1 + KINDS_AHEAD]:
                    if near.word not in begun and near.everywhere.service not in self.silent:
                        begun[near.word] = self.begin(near, pool)
                if kind.word in begun:
                    self.attempt(kind.word, kind.everywhere.service, partial(self.whole, begun[kind.word]))

    def begin(self, kind: Kind, pool: ThreadPoolExecutor) -> WholeKind:
        cursor, _ = SyncCursor.objects.get_or_create(service_settings=self.service_settings, kind=kind.word)
        since = None if self.full else cursor.since
        ahead = Ahead(pool, lambda: pages(kind, self.cloud, since))
        return WholeKind(kind, self.cloud, self.scope, self.lease, cursor, ahead)

    def whole(self, work: WholeKind) -> Outcome:
        outcome = work.run()
        if work.is_full:
            self.counted.add(work.kind.word)
            for tenant, amounts in work.usages.items():
                self.usages[tenant].update(amounts)
        return outcome

    def other(self, read: Other) -> Outcome:
        self.lease.renew()
        return read(self.service_settings, self.cloud, self.scope)

    def attempt(self, word: str, service: str, work: Callable[[], Outcome]) -> None:
        """One kind that fails does not keep the others from being followed; the rest of a silent service waits."""
        if service in self.silent:
            return
        try:
            outcome = work()
        except OperationError as error:
            self.errors.append(error)
            self.run.error = f"{self.run.error}\n{word}: {error.message}".strip()
            logger.warning("%s of %s: %s", word, self.service_settings, error.message)
            if isinstance(error, Unreachable) and service:
                self.silent.add(service)
            return
        self.answered = True
        self.run.rows_seen += outcome.seen
        self.run.rows_changed += outcome.changed
        self.run.rows_missing += outcome.missing
        self.run.rows_new += outcome.new
        self.run.details[word] = {name: getattr(outcome, name) for name in ("seen", "changed", "missing", "new")}

    def judge(self) -> None:
        """A cloud of which nothing could be read is one failure for the circuit breaker."""
        if self.answered:
            breaker.succeeded(self.lease.sync)
        elif self.errors:
            breaker.failed(self.lease.sync, self.errors[0])
