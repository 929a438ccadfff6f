"""The table of endpoints in the docs: current, complete, and true to the seed and to the schema."""

from pathlib import Path

import pytest

from tests.contract.seed.rows import ENDPOINTS
from waldur_core.operations.workflow import Workflow
from waldur_core.rest.documentation import answers_of_schema, nameless
from waldur_core.rest.endpoints import endpoints
from waldur_core.rest.management.commands.document_endpoints import PAGE, openstack_page
from waldur_core.rest.views import workflows_of

OPENSTACK = [endpoint for endpoint in endpoints() if endpoint.path.startswith("api/openstack-")]


def test_the_page_is_current() -> None:
    assert Path(PAGE).read_text() == openstack_page(), "Run `make docs` and commit the page."


def test_every_endpoint_of_the_seed_is_served() -> None:
    served = {(endpoint.method, f"/{nameless(endpoint.path)}") for endpoint in OPENSTACK}
    assert {(method, nameless(path)) for method, path in ENDPOINTS} <= served


def test_every_endpoint_says_in_the_schema_what_it_answers() -> None:
    answers = answers_of_schema()
    silent = [str(e) for e in OPENSTACK if not answers.get((e.method, f"/{nameless(e.path)}"))]
    assert silent == []


@pytest.mark.parametrize("name", sorted(Workflow.registry))
def test_every_workflow_is_somebodys(name: str) -> None:
    """An endpoint starts it, or it says that it is started by time or by events."""
    starting = {name for e in OPENSTACK for name in workflows_of(e.view, e.action)}
    assert name in starting or Workflow.registry[name].started_by_itself
