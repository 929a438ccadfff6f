"""What an administrator sets up: zones, clusters, hosts, datastores, images, and the daemon itself."""
