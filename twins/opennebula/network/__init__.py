"""Virtual networks with their address ranges and leases, security groups, virtual routers."""
