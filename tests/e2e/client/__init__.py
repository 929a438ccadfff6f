"""Conformance: every OpenStack function of the published client, unmodified, against a real server on a real port.

`functions.py` finds the functions, `scenarios/<section>.py` says for each what must stand and what comes of the call.
"""
