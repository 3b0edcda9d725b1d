"""Many processes fill one bank: each makes its share, and one that is killed takes nobody along."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.bank.ranks import Rank, share_of
from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis import FakeSynthesizer, Refusal
from tests.bank.one_rank import REQUESTS, SOURCE

ALL = {str(number) for number in range(len(REQUESTS))}
TORCHRUN = (
    "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "--max-restarts", "1", "-m",
)  # fmt: skip


@dataclass
class Started:
    """A rank that has found its share, by what it said."""

    pid: int
    share: set[str]


def launch(bank: SampleBank, launcher: Sequence[str] = (), **environment: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", *launcher, "tests.bank.one_rank", str(bank.path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", **{name: str(it) for name, it in environment.items()}},
    )


def launch_alone(bank: SampleBank) -> list[subprocess.Popen[str]]:
    """Start two ranks one by one, as a scheduler does."""
    return [launch(bank, RANK=number, WORLD_SIZE=2, LOCAL_RANK=number) for number in range(2)]


def heard(process: subprocess.Popen[str]) -> Started:
    assert process.stdout is not None
    pid, *slots = process.stdout.readline().split()
    return Started(int(pid), set(slots))


def made(bank: SampleBank) -> set[str]:
    return {bank.get(digest).request.slot for digest in bank.digests()}


def wait_for(bank: SampleBank, samples: int) -> None:
    while len(bank) < samples:
        time.sleep(0.02)


def fill(bank: SampleBank, rank: Rank) -> int:
    share = share_of(rank, REQUESTS, bank)
    return generate(share, FakeSynthesizer(), bank, SourceStore(bank), progress=False).made


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


def test_a_rank_waits_for_no_other_and_one_that_comes_late_makes_all_of_its_share(bank: SampleBank) -> None:
    bank.put_source(SOURCE)
    assert [fill(bank, Rank(number=number, count=3, local=0)) for number in (1, 0, 0, 2)] == [8, 8, 0, 8]
    assert made(bank) == ALL


def test_a_killed_rank_takes_nobody_along_and_a_rerun_completes_the_plan(bank: SampleBank) -> None:
    bank.put_source(SOURCE)
    ranks = launch_alone(bank)
    shares = [heard(process).share for process in ranks]
    assert shares[0] | shares[1] == ALL and not shares[0] & shares[1]
    wait_for(bank, 6)
    victim = min((0, 1), key=lambda number: len(shares[number] & made(bank)))  # one may have started late
    survivor = 1 - victim
    ranks[victim].kill()
    assert ranks[survivor].wait(60) == 0 and ranks[victim].wait(60) == -signal.SIGKILL
    done = made(bank)
    assert shares[survivor] <= done < ALL, "the killed rank had finished already: the test proves nothing"
    again = launch_alone(bank)
    left = [heard(process).share for process in again]
    assert left[0] | left[1] == ALL - done and not left[0] & left[1]
    assert [process.wait(60) for process in again] == [0, 0]
    assert made(bank) == ALL and bank.verify() == []
    for process in (*ranks, *again):
        assert process.stdout is not None
        process.stdout.close()


def test_ranks_that_torchrun_starts_again_after_one_was_killed_go_on(bank: SampleBank) -> None:
    bank.put_source(SOURCE)
    with launch(bank, TORCHRUN) as launched:
        first, last = heard(launched), heard(launched)
        wait_for(bank, 6)
        os.kill(last.pid, signal.SIGKILL)
        done = made(bank)
        again = heard(launched), heard(launched)
        assert launched.wait(60) == 0
    assert first.share | last.share == ALL and not first.share & last.share
    left = again[0].share | again[1].share
    assert left and not left & done and not again[0].share & again[1].share
    assert made(bank) == ALL and bank.verify() == []


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"RANK": "x"}, "RANK is 'x' in the environment; it must be a whole number"),
        ({"WORLD_SIZE": ""}, "WORLD_SIZE is '' in the environment; it must be a whole number"),
        ({"RANK": "1"}, "RANK is 1, WORLD_SIZE 1 and LOCAL_RANK 0; ranks count from 0 to WORLD_SIZE - 1"),
        ({"RANK": "-1", "WORLD_SIZE": "2"}, "RANK is -1, WORLD_SIZE 2 and LOCAL_RANK 0"),
        ({"WORLD_SIZE": "2", "LOCAL_RANK": "-1"}, "RANK is 0, WORLD_SIZE 2 and LOCAL_RANK -1"),
    ],
)
def test_an_environment_that_names_no_rank_is_an_error_that_helps(
    environment: dict[str, str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingError, match=told):
        Rank.from_environment()
