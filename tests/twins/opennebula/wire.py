"""Raw XML-RPC calls, and answers made comparable: what differs from run to run is masked."""

from __future__ import annotations

import re
import xmlrpc.client
from typing import Any

Answer = list[Any]  # [True, value, 0], [False, message, code, id, -1] or ["FAULT", code, text]

MASKED = (
    *("STIME", "ETIME", "PSTIME", "PETIME", "RSTIME", "RETIME", "ESTIME", "EETIME", "REGTIME", "MODTIME", "TIME"),
    *("TIMESTAMP", "REQUEST_ID", "REQ_ID", "ACTION_ID", "UUID", "ALLOCATED"),
)
OF_HARDWARE = ("PCI_DEVICES", "NUMA_NODES", "MONITORING")
DATE = re.compile(r"\w{3} \w{3} +\d+ \d\d:\d\d:\d\d \d{4}")
SECRET = re.compile(r"\b[0-9a-f]{60,64}\b")
PLACE = re.compile(r"at line \d+, columns \d+:\d+")


class Daemon:
    """The methods at one endpoint."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint

    def call(self, session: str, method: str, *arguments: Any) -> Answer:
        with xmlrpc.client.ServerProxy(self.endpoint) as proxy:
            try:
                return list(getattr(proxy, method)(session, *arguments))
            except xmlrpc.client.Fault as fault:
                return ["FAULT", fault.faultCode, fault.faultString]


def normalised(value: Any) -> Any:
    """An answer, or any part of it, without times, random values and hardware."""
    if isinstance(value, list):
        return [normalised(part) for part in value]
    if not isinstance(value, str):
        return value
    text = PLACE.sub("at PLACE", DATE.sub("DATE", SECRET.sub("SECRET", value)))
    text = re.sub(rf"<({'|'.join(MASKED)})>(<!\[CDATA\[.*?\]\]>|[^<]*)</\1>", r"<\1>*</\1>", text)
    text = re.sub(rf"<({'|'.join(OF_HARDWARE)})>.*?</\1>", r"<\1>*</\1>", text)
    return re.sub(r"<KVM_CPU_\w+>.*?</KVM_CPU_\w+>|<MEMORY_ENCRYPTION>.*?</MEMORY_ENCRYPTION>", "", text)
