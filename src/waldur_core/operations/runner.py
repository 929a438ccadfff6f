"""Runs operations: one step after the other until the end, or until there is something to wait for.

Every line of progress is one UPDATE of the operation's row, in the same transaction as what the step recorded. The row
says "begun" before an effect is made, so whoever continues after a crash looks for the effect before making it again.
"""

import logging
import random
import time
import traceback
from datetime import timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, transaction
from django.utils import timezone

from waldur_core.events.log import record
from waldur_core.operations import leases
from waldur_core.operations.errors import Bug, Cancelled, Invalid, OperationError, TimedOut
from waldur_core.operations.leases import LeaseLost
from waldur_core.operations.messages import wake
from waldur_core.operations.models import Operation
from waldur_core.operations.start import begin_running, overdue
from waldur_core.operations.throttle import LOOK_AGAIN, begins_late, is_admitted, wake_next
from waldur_core.operations.workflow import Backoff, Context, Step, UpdateWorkflow, Workflow, workflow_named
from waldur_core.secrets.redaction import redact

logger = logging.getLogger(__name__)

State, Phase = Operation.State, Operation.Phase
UNDO_DEADLINE = timedelta(hours=1)


class Runner:
    """`advance` does as much as can be done now. The hooks around effects, of undo too, are for crash tests."""

    def before_effect(self, operation: Operation, step: Step) -> None: ...

    def after_effect(self, operation: Operation, step: Step) -> None: ...

    def advance(self, operation_uuid: str) -> Operation | None:
        """Claim the operation and run it; returns it as it stands, or None when there was nothing to do."""
        operation = leases.claim(operation_uuid)
        if operation is None:
            return None
        token = operation.lease_token
        assert token is not None
        leases.keeper.hold(token)
        try:
            Run(self, operation).until_blocked()
        except LeaseLost:
            logger.warning("Lost the lease of %s: another worker goes on with it", operation)
        finally:
            leases.keeper.drop(token)
        return operation


class Run:
    """One stay of an operation in one worker's hands."""

    def __init__(self, runner: Runner, operation: Operation) -> None:
        self.runner = runner
        self.operation = operation
        self.workflow: Workflow = workflow_named(operation.workflow)
        subject: Any = operation.subject
        if operation.project_id and getattr(subject, "project_id", None) == operation.project_id:
            subject.project = operation.project  # came with the claim
        self.context: Context = self.workflow.context(operation, subject)
        self.last_look = time.monotonic()  # the claim has read the row
        self.fresh = False  # True while nobody can have made the current step's effect before us

    def until_blocked(self) -> None:
        if self.context.subject is None:
            self._end(State.ERRED, error_code=Bug.code, error_message="The object does not exist any more.")
        while self.operation.lease_token and self.operation.is_live:
            try:
                self._go_on()
            except (LeaseLost, OperationalError, InterfaceError):
                raise  # a database that is away is like a killed worker: nothing is lost, another goes on
            except OperationError as error:
                self._on_error(error)
            except Exception as error:
                logger.exception("Step of %s failed with a bug", self.operation)
                text = f"An unexpected error of the platform ({type(error).__name__}). Staff can see the details."
                self._on_error(Bug(text), trace=redact(traceback.format_exc()))

    def _go_on(self) -> None:
        if self.operation.state == State.SCHEDULED:
            self._begin()
        elif self.operation.state == State.RUNNING:
            self._run_step()
        else:
            self._undo_step()

    # forward ------------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        with transaction.atomic():
            cancelled = self.operation.cancel_requested  # then it only begins so that it can end
            if not cancelled and not is_admitted(self.operation, self.workflow, self.context.subject):
                self._wait(LOOK_AGAIN.delay(self.operation.polls), polls=self.operation.polls + 1)
                return
            fields = begin_running(self.operation, self.workflow, self.context.subject)
            fields |= begins_late(self.operation, self.workflow)
            if not self.operation.plan:
                self.operation.plan = [
                    {"step": planned.step.name, "item": planned.item, "title": planned.title, "state": "pending"}
                    for planned in self.workflow.plan(self.context)
                ]
                fields["phase"] = Phase.BEGUN
                self.fresh = True
            fields["plan"] = self._marked("running", started=timezone.now().isoformat())
            leases.save(self.operation, **fields)

    def _run_step(self) -> None:
        operation = self.operation
        if self._cancelled():
            raise Cancelled("The operation was cancelled.")
        step = self._enter_step()
        if step is None:
            self._finish()
            return
        if operation.phase != Phase.WAITING:
            result = self._effect(step)
            self._record(step, result)
        if operation.phase == Phase.WAITING:
            self._poll(step)

    def _enter_step(self) -> Step | None:
        entry = self.operation.current
        if entry is None:
            return None
        self.context.item = entry["item"]
        if entry["step"] not in self.workflow.by_name:
            raise Invalid(f"This version of the platform does not know the step {entry['title']!r}.")
        return self.workflow.by_name[entry["step"]]

    def _effect(self, step: Step) -> Any:
        """Make the effect, or find that an earlier try made it. Only a first, certain try skips the look."""
        if step.do is None:
            return None
        if not self.fresh and step.marker and (found := step.marker(self.context)) is not None:
            return found
        self.context.first_try, self.fresh = self.fresh, False
        self.runner.before_effect(self.operation, step)
        result = step.do(self.context)
        self.runner.after_effect(self.operation, step)
        return result

    def _record(self, step: Step, result: Any) -> None:
        with transaction.atomic():
            if step.record:
                step.record(self.context, result)
            if step.until:
                leases.save(
                    self.operation, phase=Phase.WAITING, polls=0, attempts=0, data=self.context.data,
                    plan=self._marked("waiting"), step_started=timezone.now(),
                )  # fmt: skip
            else:
                self._next()

    def _poll(self, step: Step) -> None:
        assert step.until
        if step.until(self.context):
            with transaction.atomic():
                self._next()
        elif overdue(self.operation, step.deadline):
            minutes = int(step.deadline.total_seconds() // 60)
            raise TimedOut(f"{self._title()}: still not done after {minutes} minutes.")
        else:
            self._wait(step.poll.delay(self.operation.polls), polls=self.operation.polls + 1, attempts=0)

    def _next(self) -> None:
        """Move to the next step, already marked as begun: saves a write, and whoever comes after looks first."""
        operation = self.operation
        plan = self._marked("done", finished=timezone.now().isoformat())
        cursor = operation.cursor + 1
        if cursor < len(plan):
            plan[cursor] = {**plan[cursor], "state": "running", "started": timezone.now().isoformat()}
        leases.save(
            operation, cursor=cursor, plan=plan, phase=Phase.BEGUN, attempts=0, polls=0, data=self.context.data,
            step_started=timezone.now(), error_message="",
        )  # fmt: skip
        self.fresh = True

    def _finish(self) -> None:
        with transaction.atomic():
            self._clear_action()
            self.workflow.succeed(self.context)
            self._tell("succeeded", f"{self.workflow.title} of {self.operation.subject_name} has succeeded.")
            self._end(State.DONE)

    # failure ------------------------------------------------------------------------------------------------------

    def _on_error(self, error: OperationError, trace: str = "") -> None:
        operation, entry = self.operation, self.operation.current
        undoing = operation.state == State.UNDOING
        if entry and self._may_retry(error):
            plan = self._marked(entry["state"], attempts=operation.attempts + 1)
            delay = error.after or self._backoff(entry).delay(operation.attempts) * random.uniform(0.8, 1.2)
            # while undoing, the message stays that of the failure
            message = operation.error_message if undoing else redact(error.message)
            self._wait(delay, attempts=operation.attempts + 1, plan=plan, error_message=message)
        elif undoing:
            self._leave_behind(error)
        else:
            self._fail(error, trace)

    def _backoff(self, entry: dict[str, Any]) -> Backoff:
        return self.workflow.by_name[entry["step"]].retry

    def _may_retry(self, error: OperationError) -> bool:
        operation, now = self.operation, timezone.now()
        if error.max_attempts is not None and operation.attempts + 1 >= error.max_attempts:
            return False
        return error.retryable and now < operation.deadline

    def _fail(self, error: OperationError, trace: str) -> None:
        message = redact(error.message)
        values: dict[str, Any] = {"error_code": error.code, "error_message": message, "error_traceback": trace}
        values |= {"attempts": 0, "phase": Phase.READY if self.fresh else Phase.BEGUN}
        if self.workflow.undo_on_failure and self.operation.plan:
            leases.save(
                self.operation, state=State.UNDOING, plan=self._marked("failed"), step_started=timezone.now(),
                deadline=timezone.now() + UNDO_DEADLINE, **values,
            )  # fmt: skip
            return
        leases.save(self.operation, plan=self._marked("failed"), **values)
        self._give_up()

    def _undo_step(self) -> None:
        """Take back the effect at the cursor, move the cursor back; at the front the operation has failed cleanly."""
        operation = self.operation
        if operation.cursor >= len(operation.plan):
            leases.save(operation, cursor=max(len(operation.plan) - 1, 0), phase=Phase.BEGUN)
        step = self._enter_step()
        if step and step.undo and operation.phase != Phase.READY:
            self._adopt_lost_effect(step)
            self.runner.before_effect(operation, step)
            step.undo(self.context)
            self.runner.after_effect(operation, step)
        with transaction.atomic():
            state = self._state_after_undo(step)
            fields: dict[str, Any] = {"plan": self._marked(state), "data": self.context.data, "attempts": 0}
            if operation.cursor == 0:
                leases.save(operation, phase=Phase.READY, **fields)
                self._give_up()
            else:
                leases.save(operation, cursor=operation.cursor - 1, phase=Phase.BEGUN, **fields)

    def _state_after_undo(self, step: Step | None) -> str:
        if self._state() == "failed" or step is None:
            return self._state()
        return "undone" if step.undo or not step.do else "kept"

    def _adopt_lost_effect(self, step: Step) -> None:
        """The failing step may have made its object without our knowing: find it, so that undo can remove it."""
        if step.marker and self._state() in ("failed", "running") and (found := step.marker(self.context)) is not None:
            with transaction.atomic():
                if step.record:
                    step.record(self.context, found)

    def _leave_behind(self, error: OperationError) -> None:
        """Undoing itself failed for good: say so, keep the place, so that a retry goes on from here."""
        text = (
            f"{self.operation.error_message} What {self._title()!r} made could not be removed: {redact(error.message)}"
        )
        leases.save(self.operation, error_message=text, phase=Phase.BEGUN)
        self._give_up()

    def _give_up(self) -> None:
        operation = self.operation
        error = OperationError(operation.error_message)
        with transaction.atomic():
            if subject := self._stored_subject():
                self.context.subject = subject
                self._clear_action()
                self.workflow.fail(self.context, error, operation.error_traceback)
            self._tell("failed", f"{self.workflow.title} of {operation.subject_name} has failed: {error.message}")
            self._end(State.CANCELLED if operation.error_code == Cancelled.code else State.ERRED)

    def _stored_subject(self) -> Any:
        """The subject as the database has it now; None when somebody has removed it."""
        model = self.operation.content_type.model_class()
        assert model
        return model._default_manager.filter(pk=self.operation.object_id).first()

    # the row ------------------------------------------------------------------------------------------------------

    def _end(self, state: str, **fields: Any) -> None:
        leases.save(self.operation, state=state, finished=timezone.now(), lease_token=None, lease_until=None, **fields)
        wake_next(self.operation, self.workflow, self.context.subject)

    def _wait(self, delay: float, **fields: Any) -> None:
        """Let go of the operation until `delay` seconds from now; no thread is held meanwhile."""
        until = timezone.now() + timedelta(seconds=delay)
        with transaction.atomic():
            leases.save(self.operation, next_run_at=until, lease_token=None, lease_until=None, **fields)
            wake(self.operation, delay)

    def _cancelled(self) -> bool:
        """Asked for at most once a second: steps are quick, people are not."""
        if self.operation.cancel_requested:
            return True
        if time.monotonic() - self.last_look < 1:
            return False
        self.last_look = time.monotonic()
        return Operation.objects.filter(pk=self.operation.pk, cancel_requested=True).exists()

    def _marked(self, state: str, **values: Any) -> list[dict[str, Any]]:
        plan = list(self.operation.plan)
        if self.operation.cursor < len(plan):
            plan[self.operation.cursor] = {**plan[self.operation.cursor], "state": state, **values}
        return plan

    def _state(self) -> str:
        entry = self.operation.current
        return str(entry["state"]) if entry else ""

    def _title(self) -> str:
        entry = self.operation.current
        return str(entry["title"]) if entry else self.workflow.title

    def _clear_action(self) -> None:
        subject = self.context.subject
        if isinstance(self.workflow, UpdateWorkflow) and hasattr(subject, "action") and subject.pk:
            subject.action, subject.action_details = "", {}
            type(subject)._default_manager.filter(pk=subject.pk).update(action="", action_details={})

    def _tell(self, outcome: str, message: str) -> None:
        event_types = [f"{self.workflow.event}_{outcome}"] if self.workflow.event else []
        if self.workflow.done_event and outcome == "succeeded":
            event_types.append(self.workflow.done_event)
        for event_type in event_types:
            record(event_type, message, scope=self.context.subject, actor=self.operation.user)
