"""What the agent hands over with an order, reduced to plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .settings import with_plugin_options
from .units import Components


@dataclass(frozen=True)
class Wanted:
    backend_id: str
    resource: str  # uuid
    name: str
    limits: Mapping[str, Any]
    attributes: Mapping[str, Any]
    options: Mapping[str, Any]  # settings and plugin options
    components: Components
    plan_quotas: Mapping[str, Any] | None = None  # None: not handed over, which is another thing than none
    ssh_keys: Mapping[str, str] | None = None
    project: str = ""  # slug


def read_wanted(
    resource: Any,
    backend_id: str,
    settings: Mapping[str, Any],
    components: Components,
    context: Mapping[str, Any] | None,
) -> Wanted:
    context = context or {}
    return Wanted(
        backend_id=backend_id,
        resource=resource.uuid.hex,
        name=str(resource.name or backend_id),
        limits=plain(resource.limits),
        attributes=plain(resource.attributes),
        options=with_plugin_options(settings, plain(resource.offering_plugin_options)),
        components=components,
        plan_quotas=context.get("plan_quotas"),
        ssh_keys=context.get("ssh_keys"),
        project=str(resource.project_slug or ""),
    )


def plain(model: Any) -> dict[str, Any]:
    """The client's open-ended models as dictionaries; what is unset is empty."""
    if isinstance(model, Mapping):
        return dict(model)
    return dict(model.to_dict()) if hasattr(model, "to_dict") else {}
