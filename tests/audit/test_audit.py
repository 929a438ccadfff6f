"""The audit finds each kind of disagreement, and nothing where there is none."""

from tests.audit.clean import assert_in_step
from tests.e2e.estate import Estate


def test_an_estate_is_in_step_with_its_cloud(estate: Estate) -> None:
    assert_in_step()
