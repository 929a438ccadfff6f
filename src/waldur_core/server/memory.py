"""Keeping the garbage collector off what never becomes garbage."""

import gc


def settle() -> None:
    """Call once everything is imported: a full collection then skips the code's own objects, which halves its pause."""
    gc.collect()
    gc.freeze()
