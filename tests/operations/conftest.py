from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.factories import Cast, make_customer
from tests.operations.toys import ToyCloud, Workshop
from waldur_core.operations.models import Operation
from waldur_core.operations.start import start
from waldur_core.operations.workflow import Workflow
from waldur_core.structure.models import ServiceSettings
from waldur_core.structure.states import CoreState
from waldur_openstack.models import Tenant

Begin = Callable[..., Operation]


@pytest.fixture
def workshop() -> Iterator[Workshop]:
    known = dict(Workflow.registry)
    yield Workshop()
    Workflow.registry.clear()
    Workflow.registry.update(known)


@pytest.fixture
def cloud(workshop: Workshop) -> ToyCloud:
    return workshop.cloud


@pytest.fixture
def subject(cast: Cast) -> Tenant:
    """A tenant in our database alone."""
    service = ServiceSettings.objects.create(
        name="Nowhere", type="OpenStack", customer=make_customer(), state=CoreState.OK
    )
    return Tenant.objects.create(name="toys", service_settings=service, project=cast.project)


@pytest.fixture
def begin(workshop: Workshop, subject: Tenant, cast: Cast) -> Begin:
    """Schedule a workflow of the given steps on the subject."""

    def schedule(*steps: Any, parameters: Any = None, **options: Any) -> Operation:
        return start(workshop.workflow(*steps, **options), subject, user=cast.owner, parameters=parameters)

    return schedule
