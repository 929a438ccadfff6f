"""Generated pages say what the code says."""

from pathlib import Path

from waldur_core.operations.documentation import page
from waldur_core.operations.management.commands.document_workflows import PAGE


def test_the_page_of_workflows_is_current() -> None:
    assert Path(PAGE).read_text() == page(), "Run `make docs` and commit the page."
