from tests.e2e.fixtures import built_estate, estate, fresh_cloud, market, open_market, running_twin, twin

__all__ = ["built_estate", "estate", "fresh_cloud", "market", "open_market", "running_twin", "twin"]
