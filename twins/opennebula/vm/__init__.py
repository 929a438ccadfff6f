"""Virtual machines: templates, building, scheduling, life cycle, capacity, disks and NICs."""
