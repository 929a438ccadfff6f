"""An offering's getting-started text, said about one resource."""

import re
from collections.abc import Mapping
from typing import Any

_VARIABLE = re.compile(r"\{(\w+)\}")


def fill_in(text: str, resource_name: str, metadata: Mapping[str, Any]) -> str:
    """`{resource_name}` and `{backend_metadata_<key>}` become what they stand for; a name nobody knows stays."""
    known = {f"backend_metadata_{key}": value for key, value in metadata.items()} | {"resource_name": resource_name}
    return _VARIABLE.sub(lambda found: str(known.get(found[1], found[0])), text)
