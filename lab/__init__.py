"""A real OpenStack control plane on one machine, for the tests."""
