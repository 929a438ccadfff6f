"""Everything on one machine: `make demo`."""
