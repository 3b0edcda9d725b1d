"""Many processes fill one bank: each makes its share, and one that is killed takes nobody along."""

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.bank.ranks import Rank, share_of
from medsynth_aug.synthesis import FakeSynthesizer, Refusal
from tests.bank.one_rank import REQUESTS, SOURCE

ALL = {str(number) for number in range(len(REQUESTS))}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def launch(bank: Path, count: int) -> list[subprocess.Popen[str]]:
    """Start the ranks one by one, as a scheduler does."""
    port = str(free_port())
    return [
        subprocess.Popen(
            [sys.executable, "-m", "tests.bank.one_rank", str(bank)],
            stdout=subprocess.PIPE,
            text=True,
            env={
                **os.environ, "RANK": str(number), "WORLD_SIZE": str(count), "LOCAL_RANK": str(number),
                "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "OMP_NUM_THREADS": "1",
            },
        )
        for number in range(count)
    ]  # fmt: skip


def slots_of(process: subprocess.Popen[str]) -> set[str]:
    assert process.stdout is not None
    return set(process.stdout.readline().split())


def test_one_process_makes_what_is_outstanding_and_nothing_else(bank: SampleBank) -> None:
    bank.put_source(SOURCE)
    generate(REQUESTS[:5], FakeSynthesizer(), bank, SourceStore(bank), progress=False)
    for attempt in range(3):
        refused = REQUESTS[7]
        for _ in range(attempt):
            refused = refused.next_attempt()
        bank.refuse(Refusal(refused, "no place"))
    share = share_of(Rank.from_environment(), REQUESTS, bank)
    assert list(share) == [*REQUESTS[5:7], *REQUESTS[8:]]
    assert list(share[2:4]) == REQUESTS[8:10] and share[-1] == REQUESTS[-1]


def test_ranks_share_the_plan_a_killed_one_takes_nobody_along_and_a_rerun_completes_it(
    bank: SampleBank,
) -> None:
    bank.put_source(SOURCE)
    first, second = launch(bank.path, 2)
    shares = slots_of(first), slots_of(second)
    assert shares[0] | shares[1] == ALL and not shares[0] & shares[1]
    while len(bank) < 6:
        time.sleep(0.02)
    second.kill()
    assert first.wait(60) == 0 and second.wait(60) == -9
    done = {bank.get(digest).request.slot for digest in bank.digests()}
    assert shares[0] <= done < ALL, "the killed rank had finished already: the test proves nothing"
    again = launch(bank.path, 2)
    left = [slots_of(process) for process in again]
    assert left[0] | left[1] == ALL - done and not left[0] & left[1]
    assert [process.wait(60) for process in again] == [0, 0]
    assert {bank.get(digest).request.slot for digest in bank.digests()} == ALL
    assert bank.verify() == []
    for process in (first, second, *again):
        assert process.stdout is not None
        process.stdout.close()
