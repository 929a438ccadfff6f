"""Bare arrays with the totals and the neighbours in headers (marketplace-api §1)."""

from typing import Any

from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param


class LinkHeaderPagination(PageNumberPagination):
    """`?page=1&page_size=10`, at most 300 a page; `X-Result-Count` and `Link: first, prev, next, last`."""

    page: Any
    page_size = 10
    max_page_size = 300
    page_size_query_param = "page_size"

    def get_paginated_response(self, data: Any) -> Response:
        return Response(data, headers={"X-Result-Count": str(self.page.paginator.count), "Link": self._links()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return schema

    def _links(self) -> str:
        assert self.request is not None
        url = self.request.build_absolute_uri()
        links = {
            "first": remove_query_param(url, self.page_query_param),
            "prev": self.get_previous_link(),
            "next": self.get_next_link(),
            "last": replace_query_param(url, self.page_query_param, self.page.paginator.num_pages),
        }
        return ", ".join(f'<{link}>; rel="{name}"' for name, link in links.items() if link)


class WholeUnlessAsked(LinkHeaderPagination):
    """Pages only when asked for them: service agents read some lists without ever turning a page."""

    def paginate_queryset(self, queryset: Any, request: Any, view: Any = None) -> Any:
        asked = {self.page_query_param, self.page_size_query_param} & request.query_params.keys()
        if not asked and request.method != "HEAD":
            return None
        return super().paginate_queryset(queryset, request, view)
