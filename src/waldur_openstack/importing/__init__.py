"""What a cloud has and we do not, and how it becomes ours: tenants by a workflow, servers and volumes by reading."""
