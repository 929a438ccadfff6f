"""Orders: how they are asked for, checked, approved, executed and ended.

Plug-ins report outcomes through `complete`, `fail`, `resume`, `set_resource_state`, and `set_resource_states` for many.
"""

from waldur_mastermind.marketplace.orders.outcomes import (
    complete,
    fail,
    resume,
    set_resource_state,
    set_resource_states,
    unfinished_order,
)

__all__ = ["complete", "fail", "resume", "set_resource_state", "set_resource_states", "unfinished_order"]
