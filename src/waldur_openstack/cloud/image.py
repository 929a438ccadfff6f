"""Glance v2."""

from typing import Any

from waldur_openstack.cloud.gateway import JSON, Gateway


class Image(Gateway):
    service_type = "image"
    min_version = "2"
    max_version = "2.latest"
    probe = "/images"

    def images(self, **filters: Any) -> list[JSON]:
        return list(self.pages("/images", "images", **filters))
