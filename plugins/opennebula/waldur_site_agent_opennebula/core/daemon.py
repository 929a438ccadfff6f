"""Calls to the XML-RPC daemon, over pyone: with timeouts, with another attempt where one does no harm.

Answers are read as XML trees, not as pyone's classes: these differ from release to release, the XML does not.
"""

from __future__ import annotations

import logging
import re
import time
import xmlrpc.client
from collections.abc import Callable
from typing import Any, TypeVar

import pyone
import requests
from lxml import etree

from .errors import CloudError, Missing, NotYet, Refused, Unreachable, refusal

logger = logging.getLogger(__name__)
Found = TypeVar("Found")

CONNECT_SECONDS = 5.0
PATIENCE = (0.2, 1.0, 3.0)  # seconds before the second, third and fourth attempt
DARK_SECONDS = 20.0  # how long a cloud that does not answer is asked nothing
LOST = (requests.RequestException, xmlrpc.client.ProtocolError, OSError)
# pyone 7.3 chooses between XML-RPC and gRPC; before, OneServer is the XML-RPC client itself.
OneServer: Any = getattr(pyone, "server_xrpc", pyone)
OneServer = getattr(OneServer, "OneServerXRPC", None) or pyone.OneServer


class Transport(xmlrpc.client.Transport):
    """Posts with a time limit; pyone's own waits for ever."""

    def __init__(self, endpoint: str, seconds: float, verify: bool) -> None:
        super().__init__()
        self.endpoint = endpoint
        self.limits = (min(CONNECT_SECONDS, seconds), seconds)
        self.web = requests.Session()
        self.web.verify = verify
        self.web.headers.update({"Content-Type": "text/xml", "Connection": "close"})
        self.received = 0

    def request(self, host: Any, handler: str, request_body: Any, verbose: bool = False) -> Any:
        answer = self.web.post(self.endpoint, data=request_body, timeout=self.limits)
        answer.raise_for_status()
        self.received += len(answer.content)
        parser, target = self.getparser()
        parser.feed(answer.content)
        parser.close()
        return target.close()


class Wire(OneServer):
    """pyone's server with our transport, handing the bare answer over."""

    def __init__(self, endpoint: str, session: str, transport: Transport) -> None:
        super().__init__(endpoint, session=session)
        self._ServerProxy__transport = transport

    def _ServerProxy__request(self, method: str, params: tuple[Any, ...]) -> Any:
        return self._do_request(f"one.{method}", self._cast_parms(params))


class Daemon:
    """One OpenNebula. ``session`` is ``username:password``; ``seconds`` limits a call."""

    def __init__(self, endpoint: str, session: str, seconds: float = 30.0, verify: bool = True) -> None:
        self.endpoint = endpoint
        self.session = session
        self.transport = Transport(endpoint, seconds, verify)
        self.wire = Wire(endpoint, session, self.transport)
        self.count = 0
        self._dark_until = 0.0

    def once(self, method: str, *arguments: Any) -> Any:
        """One attempt. Raises :class:`Unreachable` when it is not known whether it had an effect."""
        self.count += 1
        try:
            answer = self.wire._ServerProxy__request(method, arguments)
        except LOST as error:
            raise Unreachable(f"api_url: {self.endpoint} did not answer {method} ({_reason(error)}).") from error
        except (pyone.OneException, xmlrpc.client.Error, ValueError, SyntaxError) as error:
            raise Refused(f"api_url: {self.endpoint} did not understand {method} ({error}).", 0) from error
        if answer[0]:
            return answer[1]
        raise refusal(str(answer[1]), int(answer[2]))

    def read(self, method: str, *arguments: Any) -> Any:
        """The XML tree of an answer. Reading twice does no harm."""
        text = self.insist(method, *arguments)
        return etree.fromstring(text.encode(), etree.XMLParser(huge_tree=True, resolve_entities=False))

    def insist(self, method: str, *arguments: Any, unless: str = "") -> Any:
        """A call that may be made twice. A refusal that matches ``unless`` says that it has been done already."""
        try:
            return self._again(lambda: self.once(method, *arguments))
        except Refused as error:
            if unless and re.search(unless, str(error)):
                return None
            raise

    def remove(self, method: str, *arguments: Any, unless: str = "") -> None:
        """Delete what may be gone already."""
        try:
            self.insist(method, *arguments, unless=unless)
        except Missing:
            return

    def ensure(self, find: Callable[[], Found | None], make: Callable[[], Any], what: str) -> Found:
        """The thing that ``find`` sees, made when it sees none.

        When the answer to ``make`` is lost we look again before we make another. When it is refused we look, too: a
        call that was given up may have come through meanwhile, or another agent may be at the same order.
        """
        for pause in (*PATIENCE, None):
            try:
                if (found := find()) is not None:
                    return found
                refused = self._refusal(make)
                if (found := find()) is not None:
                    return found
                if refused is not None:
                    raise refused
                logger.warning("%s is not to be seen; it is made again.", what)
            except Unreachable as error:
                if pause is None:
                    raise
                logger.warning("%s Once more in %s s.", error, pause)
                time.sleep(pause)
        raise CloudError(f"OpenNebula said that it made {what}, but does not show it.")

    def _refusal(self, make: Callable[[], Any]) -> Refused | None:
        try:
            make()
        except Refused as refused:
            return refused
        return None

    def _again(self, attempt: Callable[[], Found]) -> Found:
        if time.monotonic() < self._dark_until:
            raise Unreachable(f"api_url: {self.endpoint} did not answer a moment ago; it is left alone for a while.")
        for pause in (*PATIENCE, None):
            try:
                return attempt()
            except Unreachable as error:
                if pause is None:
                    self._dark_until = time.monotonic() + DARK_SECONDS
                    raise
                logger.warning("%s Once more in %s s.", error, pause)
                time.sleep(pause)
        raise AssertionError("the last attempt returns or raises")


def wait_until(ready: Callable[[], Found | None], what: str, seconds: float, pause: float = 0.05) -> Found:
    """What ``ready`` gives as soon as it is not None; pauses grow to five seconds."""
    end = time.monotonic() + seconds
    while True:
        found = ready()
        if found is not None:
            return found
        if time.monotonic() >= end:
            raise NotYet(f"{what} takes longer than {seconds:.0f} s.")
        time.sleep(pause)
        pause = min(pause * 1.5, 5.0)


def _reason(error: BaseException) -> str:
    """The kind of trouble, without the URL's or the session's words."""
    text = (
        re.sub(r"^.*?: ", "", str(error)) if not isinstance(error, xmlrpc.client.ProtocolError) else str(error.errcode)
    )
    return f"{type(error).__name__}: {text}"[:200]
