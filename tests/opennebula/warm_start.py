"""Runs in the agent's own environment: takes in the agent once, then forks a process of it for every line it reads.

Taking it in is what a start of the agent costs: seconds. Each process begins where the command ``waldur_site_agent``
begins, with nothing but its modules in memory, writes to the log that it was given, and can be killed as any other.
"""

import json
import os
import signal
import sys

from waldur_site_agent.main import main


def begin(mode: str, config: str, log: str) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for stream, descriptor in ((os.open(os.devnull, os.O_RDONLY), 0), (output, 1), (output, 2)):
        os.dup2(stream, descriptor)
    sys.argv = ["waldur_site_agent", "-m", mode, "-c", config]
    main()


signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # whoever ends is gone at once
for line in sys.stdin:
    if (process := os.fork()) == 0:
        begin(**json.loads(line))
        sys.exit()
    print(process, flush=True)
