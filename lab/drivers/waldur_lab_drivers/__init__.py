"""OpenStack drivers without hypervisor, switch or disk array: the lower ends of the lab's cloud."""
