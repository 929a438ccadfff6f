"""JSON bodies with an upper size."""

import codecs
import io
import json
from collections.abc import Mapping
from typing import IO, Any

from django.conf import settings
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from waldur_core.rest.errors import TooLarge


class LimitedJSONParser(JSONParser):
    """Reads at most `API_MAX_JSON_BYTES` of JSON; anything longer is answered 413 without being kept."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        limit: int = settings.API_MAX_JSON_BYTES
        body = stream.read(limit + 1)
        if len(body) > limit:
            raise TooLarge
        try:
            return json.load(codecs.getreader("utf-8")(io.BytesIO(body)), parse_constant=self._refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not valid JSON: {error}") from error

    @staticmethod
    def _refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is not JSON")
