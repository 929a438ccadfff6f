"""The web server: cheroot, made safe for bodies of any size. None is kept in memory, read or not.

cheroot alone reads a whole chunk of a chunked body at once, however large the client makes it, and all at once what a
view has left unread.
"""

import contextlib
import io
import re
import socket
import time
from typing import Any

from cheroot.server import HTTPConnection, HTTPRequest
from cheroot.wsgi import Gateway_10
from cheroot.wsgi import Server as WSGIServer

LINE = 1024  # of a chunk's size and its extensions, and of a trailer
TRAILERS = 100
WORTH_READING = 1024 * 1024  # a rest of an unread body up to this size is cheaper to read than a new connection
LINGER_SECONDS = 5.0
SIZE = re.compile(rb"([0-9a-fA-F]{1,15})[ \t]*(;.*)?\r?\n", re.DOTALL)


class ChunkedBody(io.RawIOBase):
    """A body in chunked encoding (RFC 9112 §7.1). Raises ValueError when it breaks off or is none."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream
        self.left = 0  # of the current chunk
        self.ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self.left and not self.ended:
            self._begin_chunk()
        if self.ended:
            return 0
        data = self.stream.read(min(len(buffer), self.left))
        if not data:
            raise ValueError("The body broke off within a chunk.")
        buffer[: len(data)] = data
        self.left -= len(data)
        if not self.left and self.stream.readline(LINE).strip(b"\r\n"):
            raise ValueError("A chunk is longer than it says.")
        return len(data)

    def _begin_chunk(self) -> None:
        found = SIZE.fullmatch(self.stream.readline(LINE))
        if found is None:
            raise ValueError("The body broke off between chunks, or is not in chunks.")
        self.left = int(found[1], 16)
        if self.left:
            return
        for _ in range(TRAILERS):
            if self.stream.readline(LINE) in (b"\r\n", b"\n"):
                self.ended = True
                return
        raise ValueError("The body broke off in its trailers, or has too many of them.")


class Request(HTTPRequest):
    """Ends the connection rather than read a long rest of a body that nobody wanted."""

    def send_headers(self) -> None:
        if self._unread():
            self.close_connection = True
        super().send_headers()

    def respond(self) -> None:
        super().respond()
        if self.close_connection and self._unread():
            self._linger()

    def _unread(self) -> bool:
        if isinstance(self.rfile, ChunkedBody):
            return not self.rfile.ended
        return bool(getattr(self.rfile, "remaining", 0) > WORTH_READING)

    def _linger(self) -> None:
        """A client that still sends would lose the answer to a reset: give it time to read the answer first."""
        end = time.monotonic() + LINGER_SECONDS
        with contextlib.suppress(OSError):
            self.conn.socket.shutdown(socket.SHUT_WR)
            self.conn.socket.settimeout(LINGER_SECONDS)
            while time.monotonic() < end and self.conn.socket.recv(WORTH_READING):
                pass


class Gateway(Gateway_10):
    """Hands chunked bodies to the application piece by piece."""

    def get_environ(self) -> Any:
        if self.req.chunked_read:
            self.req.rfile = ChunkedBody(self.req.conn.rfile)
        return super().get_environ()


class Connection(HTTPConnection):
    RequestHandlerClass = Request


class Server(WSGIServer):
    ConnectionClass = Connection

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.gateway = Gateway
