"""Whole lives against the real OpenStack of `make lab`; whoever acts behind our back uses openstacksdk."""
