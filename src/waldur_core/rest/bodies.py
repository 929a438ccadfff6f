"""Bodies that are too large to be read: passed on block by block, and counted."""

from collections.abc import Iterator
from typing import Any

from rest_framework.exceptions import APIException, UnsupportedMediaType
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

BLOCK = 256 * 1024
OCTETS = "application/octet-stream"


class BrokenBody(APIException):
    """The client went away, fell silent, or sent something else than it announced. No OSError: HTTP libraries that
    pass a body on would take one for a fault of the other side."""

    status_code = 400
    default_code = "broken_body"


class OctetStreamParser(BaseParser):
    """Says, to the OpenAPI document too, that an action takes raw bytes. The view passes them on: `StreamedBody`."""

    media_type = OCTETS

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        return {}


class StreamedBody:
    """The blocks of a body as they come in, once. `length` is what the client announced, None when it did not."""

    def __init__(self, request: Request) -> None:
        if (request.content_type or OCTETS).split(";")[0].strip().lower() != OCTETS:
            raise UnsupportedMediaType(request.content_type, f"Send the bytes as they are, as {OCTETS}.")
        meta = request.META
        # Django takes a body without a length for none
        chunked = (
            bool(meta.get("wsgi.input_terminated")) and "chunked" in meta.get("HTTP_TRANSFER_ENCODING", "").lower()
        )
        self.stream = meta["wsgi.input"]
        self.length: int | None = None if chunked else _number(meta.get("CONTENT_LENGTH"))
        self.received = 0

    def __iter__(self) -> Iterator[bytes]:
        while block := self._read():
            self.received += len(block)
            yield block
        if self.length is not None and self.received < self.length:
            raise BrokenBody(f"The body ended after {self.received} of {self.length} bytes.")

    def _read(self) -> bytes:
        size = BLOCK if self.length is None else min(BLOCK, self.length - self.received)
        try:
            data: bytes = self.stream.read(size) if size else b""
        except (OSError, ValueError) as error:
            raise BrokenBody(f"The body broke off after {self.received} bytes ({error}).") from error
        return data


def _number(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0
