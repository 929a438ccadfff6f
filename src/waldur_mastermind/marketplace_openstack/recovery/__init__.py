"""Records and reality have parted: what is lost is found, what is stuck is looked at."""
