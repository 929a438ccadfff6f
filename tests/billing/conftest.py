from tests.marketplace.conftest import stage

__all__ = ["stage"]
