"""Benchmarks: how much the platform adds to what the cloud itself takes. `make bench`."""
