"""Made from the workflow tables: when a workflow has run, the audit finds nothing."""

import pytest

from tests.crash.crashing import SAMPLED, clean_run
from tests.crash.scenarios import Stage
from twins.openstack import TwinClient
from waldur_core.operations.models import Operation
from waldur_core.operations.workflow import Workflow
from waldur_openstack.workflows.pulling.base import PullWorkflow

# Before pulls something was changed behind our back. Those of one kind, and of one object, do not see the rest.
PULLS = {name for name, workflow in Workflow.registry.items() if issubclass(workflow, PullWorkflow)}
NAMES = [
    pytest.param(name, marks=[] if name in SAMPLED else [pytest.mark.slow])
    for name in sorted(Workflow.registry.keys() - PULLS | {"openstack.tenant.pull"})
]


@pytest.mark.parametrize("name", NAMES)
def test_records_and_cloud_agree_when_a_workflow_has_run(name: str, stage: Stage, twin: TwinClient) -> None:
    (state, *_, findings), _ = clean_run(name, stage, twin)
    assert (state, findings) == (Operation.State.DONE, {}), Operation.objects.latest("pk").error_message
