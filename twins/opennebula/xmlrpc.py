"""XML-RPC as Xmlrpc-c speaks it: strict types, ``<i4>`` for ids, ``<i8>`` for the last element of a failure."""

from __future__ import annotations

import xmlrpc.client
from typing import Any
from xml.parsers.expat import ExpatError
from xml.sax.saxutils import escape

from .errors import NOT_XML, OneError, RpcFault

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\r\n<methodResponse>\r\n'
TAIL = "</methodResponse>\r\n"
UNREADABLE = (ExpatError, xmlrpc.client.Error, ValueError, TypeError, KeyError, IndexError)


def read_call(body: bytes) -> tuple[str, tuple[Any, ...]]:
    """The method's name and its parameters."""
    try:
        parameters, name = xmlrpc.client.loads(body)
    except UNREADABLE as error:
        raise RpcFault(NOT_XML, f"Call XML not a proper XML-RPC call.  {error}") from error
    if not name:
        raise RpcFault(NOT_XML, "Call XML not a proper XML-RPC call.  It names no method.")
    return name, parameters


def write_success(value: Any) -> bytes:
    """The array of three: true, the value, 0."""
    return _response([_boolean(True), _value(value), _i4(0)])


def write_failure(method: str, error: OneError) -> bytes:
    """The array of five: false, the message with the method's name, the code, the object's id, -1."""
    message = f"[{method}] {error.message}"
    return _response([_boolean(False), _value(message), _i4(error.code), _i4(error.object_id), "<i8>-1</i8>"])


def write_fault(fault: RpcFault) -> bytes:
    members = (
        f"<member><name>faultCode</name><value>{_i4(fault.code)}</value></member>\r\n"
        f"<member><name>faultString</name><value>{_value(fault.message)}</value></member>\r\n"
    )
    return f"{HEAD}<fault><value><struct>\r\n{members}</struct></value></fault>\r\n{TAIL}".encode()


def _response(elements: list[str]) -> bytes:
    data = "".join(f"<value>{element}</value>\r\n" for element in elements)
    array = f"<value><array><data>\r\n{data}</data></array></value>"
    return f"{HEAD}<params>\r\n<param>{array}</param>\r\n</params>\r\n{TAIL}".encode()


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return _boolean(value)
    if isinstance(value, int):
        return _i4(value)
    return f"<string>{escape(value)}</string>"


def _boolean(value: bool) -> str:
    return f"<boolean>{int(value)}</boolean>"


def _i4(value: int) -> str:
    return f"<i4>{value}</i4>"
