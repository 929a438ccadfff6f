"""From a source, the mappings and what the destination can do to a plan: pure functions, nothing is touched."""
