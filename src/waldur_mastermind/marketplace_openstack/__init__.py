"""The bridge: sells OpenStack tenants, servers and volumes, and keeps the marketplace in step with them."""
