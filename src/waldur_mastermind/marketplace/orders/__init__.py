"""Orders: how they are asked for, checked, approved, executed and ended.

Plug-ins report outcomes through `complete`, `fail`, `resume` and `set_resource_state`.
"""

from waldur_mastermind.marketplace.orders.outcomes import (
    complete,
    fail,
    resume,
    set_resource_state,
    unfinished_order,
)

__all__ = ["complete", "fail", "resume", "set_resource_state", "unfinished_order"]
