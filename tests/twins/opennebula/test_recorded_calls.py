"""The recorded calls of a real OpenNebula 7.2.0, made again: the twin answers what the daemon answered.

Their folder is named by OPENNEBULA_SAMPLES. Whoever recorded waited for things to settle where the record says
"trimmed"; here the twin's time moves on there, and stands still everywhere else.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.components import needs_recordings
from tests.twins.opennebula.wire import Answer, Daemon, normalised
from twins.opennebula import OpenNebulaTwin

LATENCY = {"*": 10.0, "vm.schedule": 100_000.0}
TRIMMED = "<trimmed, see the xml samples>"
PENDING = "<STATE>1</STATE>"
CONFIGURATION = "one.system.config"
# By number of the call. The daemon's drivers were made to fail before these calls.
FAILING = {454: ("vm.boot", "dummy1:fail:dummy"), 459: ("vm.poweroff", "dummy1:fail:dummy")}
# Some calls are not in the record: ids go on behind theirs.
IDS_FROM = {506: {"images": 7, "groups": 102, "users": 7, "vnets": 10, "templates": 6, "vms": 18, "acl_rules": 28}}
SESSIONS = {"oneadmin": "oneadmin:opennebula", "nobody": "nobody:x", "junk": "junk"}
OLD_PASSWORDS = {156: "tenant1_user:secret1"}
# Objects that are in files of their own, and after which call they looked like that.
MOMENTS = {
    "image_ready": 103,
    "vm_boot_failure": 455,
    "vm_done": 326,
    "vm_pending": 467,
    "vm_poweroff": 248,
    "vm_running": 211,
    "vm_user_running": 201,
    "vm_vrouter": 358,
    "vnet_held": 70,
    "vnet_leases": 317,
    "vnet_new": 51,
    "vnet_vrouter": 368,
    "vnet_vrouter_ha": 497,
}


@dataclass
class Replay:
    """What came of it: the calls that were answered differently, and objects once they had settled."""

    folder: Path
    calls: int = 0
    different: list[str] = field(default_factory=list)
    settled: dict[int, str] = field(default_factory=dict)
    configuration: tuple[str, str] = ("", "")


class Player:
    def __init__(self, twin: OpenNebulaTwin, replay: Replay) -> None:
        self.twin = twin
        self.client = twin.client
        self.replay = replay
        self.daemon = Daemon(twin.endpoint)
        self.sessions = dict(SESSIONS)
        self.names: dict[int, str] = {}

    def play(self, number: int, record: dict[str, Any]) -> None:
        for kind, next_id in IDS_FROM.get(number, {}).items():
            assert self.twin.cloud is not None
            self.twin.cloud.state.skip_to(kind, next_id)
        if number in FAILING:
            self.client.fail_next(*FAILING[number])
        session = OLD_PASSWORDS.get(number) or self.sessions[record["auth"]]
        answer = self.daemon.call(session, record["m"], *record["args"])
        self.compare(number, record, answer)
        self.learn_passwords(record, answer)
        if answer[0] is True and record["ret"][1] == TRIMMED:
            self.replay.settled[number] = self.settle(session, record)

    def compare(self, number: int, record: dict[str, Any], answer: Answer) -> None:
        recorded: Answer = record["ret"]
        self.replay.calls += 1
        if record["m"] == CONFIGURATION:
            self.replay.configuration = (answer[1], recorded[1])
        elif recorded[1] == TRIMMED:
            if answer[0] is not True:
                self.replay.different.append(f"{number} {record['m']}{record['args']}: {answer}")
        elif normalised(answer) != normalised(recorded):
            self.replay.different.append(
                f"{number} {record['m']}{record['args']}:\n  {normalised(answer)}\n  {normalised(recorded)}"
            )

    def learn_passwords(self, record: dict[str, Any], answer: Answer) -> None:
        if answer[0] is not True:
            return
        if record["m"] == "one.user.allocate":
            self.names[answer[1]] = record["args"][0]
        if record["m"] in ("one.user.allocate", "one.user.passwd"):
            name = self.names[answer[1]]
            self.sessions[name] = f"{name}:{record['args'][1]}"

    def settle(self, session: str, record: dict[str, Any]) -> str:
        """Let everything end that is under way; a machine that waits for the scheduler gets its turn."""
        for seconds in (LATENCY["*"], LATENCY["vm.schedule"]):
            for _ in range(6):
                self.client.advance(seconds)
                seconds = LATENCY["*"]
            answer = self.daemon.call(session, record["m"], *record["args"])
            if record["m"] != "one.vm.info" or PENDING not in str(answer[1]):
                break
        return str(answer[1])


@pytest.fixture(scope="module")
def replay() -> Iterator[Replay]:
    folder = needs_recordings()
    records = [json.loads(line) for line in (folder / "calls.jsonl").read_text().splitlines()]
    with OpenNebulaTwin(bare=True, latency=LATENCY) as twin:
        made = Replay(folder)
        player = Player(twin, made)
        for number, record in enumerate(records, 1):
            player.play(number, record)
        yield made


def test_every_call_gets_the_recorded_answer(replay: Replay) -> None:
    assert replay.calls > 600
    assert replay.different == []


@pytest.mark.parametrize("sample", sorted(MOMENTS))
def test_an_object_looks_as_recorded(replay: Replay, sample: str) -> None:
    recorded = (replay.folder / f"{sample}.xml").read_text().strip()
    assert normalised(replay.settled[MOMENTS[sample]]) == normalised(recorded)


def test_the_configuration_says_nothing_that_the_real_one_does_not(replay: Replay) -> None:
    ours, recorded = (re.findall(r"<(\w+)><!\[CDATA\[(.*?)\]\]></\1>", text) for text in replay.configuration)
    assert len(ours) > 100
    assert set(ours) <= set(recorded)
