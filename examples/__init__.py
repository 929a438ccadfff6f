"""Programs that use the marketplace as anybody would: through its REST API."""
