"""Runs in the environment of the plugin: the unmodified agent, looking for work every two seconds.

As installed it looks once a minute at most, which is a long time to sit before a demo.
"""

import sys

from waldur_site_agent import main
from waldur_site_agent.polling_processing import agent_membership_sync, agent_order_process, agent_report

SECONDS = 2

for module, period in (
    (agent_order_process, "ORDER_PROCESS_INTERVAL"),
    (agent_membership_sync, "SYNC_INTERVAL"),
    (agent_report, "REPORT_INTERVAL"),
):
    setattr(module, "TICK_INTERVAL", SECONDS)  # noqa: B010 - constants of somebody else's modules
    setattr(module, period, SECONDS if period == "ORDER_PROCESS_INTERVAL" else 10 * SECONDS)

if __name__ == "__main__":
    sys.exit(main.main())
