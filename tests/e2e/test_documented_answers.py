"""Whatever is asked, by whomever: the answer is one that the OpenAPI document describes, and never a server's error.

schemathesis makes the requests from the document itself, right ones and wrong ones, so a new endpoint is tested at once.
Nothing stays of a request: it is rolled back, and no operation that it starts is carried out.
"""

import os
from collections.abc import Callable
from functools import cached_property
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.urls import resolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.endpoints import endpoints
from tests.api.examples import EXAMPLES
from tests.e2e.estate import Estate
from waldur_core.structure.models import AuthToken

pytestmark = pytest.mark.slow

PEOPLE = ("anonymous", "member", "admin", "owner", "provider_owner", "support", "staff")
SECTIONS = sorted({"/".join(e.path.split("/")[:2]) for e in endpoints() if e.path != "api/schema/"})
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES_EACH = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "3"))
QUICK = settings(
    max_examples=EXAMPLES_EACH,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


class Crowd:
    """The people of the estate, and where everything is that they may ask for."""

    def __init__(self, estate: Estate) -> None:
        self.estate = estate
        for label, example in EXAMPLES.items():
            if label not in KINDS_OF_ESTATE:
                example.build(estate)

    @cached_property
    def headers(self) -> dict[str, dict[str, str]]:
        tokens = {who: AuthToken.objects.issue(getattr(self.estate, who)).key for who in PEOPLE if who != "anonymous"}
        return {who: {"Authorization": f"Token {tokens[who]}"} if who in tokens else {} for who in PEOPLE}
