"""Many processes, one bank: fork, spawn, first openings at once, and writers that are killed."""

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing.context import ForkServerContext
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from medsynth_aug.bank import SampleBank
from tests.bank.backends import FILES, POSTGRES, Arguments
from tests.bank.material import assert_same, radiograph, request, rows
from tests.bank.workers import (
    Numbers,
    die_while_moving,
    generate_for_ever,
    numbered,
    open_together,
    write_for_ever,
    write_some,
)

WRITERS = (write_for_ever, write_for_ever, generate_for_ever, generate_for_ever)


@pytest.fixture(params=[FILES, POSTGRES])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def processes() -> Iterator[ForkServerContext]:
    """Processes that start quickly, from a clean parent that has imported the bank."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.bank.workers"])
    yield context


def finish(started: list) -> None:
    for process in started:
        process.join(120)
    assert [process.exitcode for process in started] == [0] * len(started)


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize(("method", "workers"), [("fork", 2), ("spawn", 1)])
def test_data_loader_workers_read_an_open_bank(bank: SampleBank, method: str, workers: int) -> None:
    for number in range(6):
        bank.add(numbered(number))
    loader = DataLoader(Numbers(bank, 6), num_workers=workers, multiprocessing_context=method, batch_size=2)
    found = torch.cat(list(loader))
    assert torch.equal(found, torch.stack([numbered(number).image.to(torch.int32) for number in range(6)]))
    bank.add(numbered(6))
    assert len(bank) == 7


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_uses_a_connection_of_its_own(bank: SampleBank) -> None:
    bank.add(numbered(0))
    inherited = bank._database._engine
    child = os.fork()
    if child == 0:
        status = 1
        try:
            bank.add(numbered(1))
            status = 0 if bank._database._engine is not inherited and len(bank) == 2 else 2
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert bank._database._engine is inherited
    assert_same(bank.get(numbered(1).digest), numbered(1))


def test_processes_may_open_a_new_bank_at_once_and_write_the_same(
    processes: ForkServerContext, tmp_path: Path, arguments: Arguments
) -> None:
    given = (tmp_path / "bank", arguments, range(8))
    started = [processes.Process(target=write_some, args=given) for _ in range(4)]
    for process in started:
        process.start()
    finish(started)
    bank = SampleBank(tmp_path / "bank", **arguments)
    assert len(bank) == 8
    assert rows(bank, "SELECT count(*), count(DISTINCT subject) FROM events") == [(8, 8)]
    assert bank.verify() == []
    bank.close()


def test_new_banks_are_opened_by_several_processes_at_one_moment(
    processes: ForkServerContext, tmp_path: Path, repeat: int, backend: str, request: pytest.FixtureRequest
) -> None:
    rounds, start = 6 * repeat, processes.Barrier(4)
    given: list[Arguments] = [{} for _ in range(rounds)]
    if backend != FILES:
        cluster = request.getfixturevalue("cluster")
        given = [{"records": cluster.new_database()} for _ in range(rounds)]
    started = [processes.Process(target=open_together, args=(tmp_path, given, start)) for _ in range(4)]
    for process in started:
        process.start()
    finish(started)
    for number in range(rounds):
        bank = SampleBank(tmp_path / str(number), **given[number])
        assert bank.digests() == [numbered(number).digest]
        bank.close()


def test_a_writer_killed_before_its_pixels_are_in_place_leaves_no_record(
    processes: ForkServerContext, tmp_path: Path
) -> None:
    process = processes.Process(target=die_while_moving, args=(tmp_path / "bank",))
    process.start()
    process.join(60)
    assert process.exitcode == -9
    bank = SampleBank(tmp_path / "bank")
    assert bank.digests() == []
    bank.add(numbered(0))
    assert_same(bank.get(numbered(0).digest), numbered(0))
    bank.close()


def kill_four_writers(
    processes: ForkServerContext,
    path: Path,
    arguments: Arguments,
    notes: dict[Any, Path],
    first: int,
    seed: int,
    longest_s: float,
) -> None:
    """Start the four writers, and kill each at a random moment, at most `longest_s` after the one before."""
    chance = np.random.default_rng(seed)
    started = [
        processes.Process(target=target, args=(path, arguments, notes[target], first + 5 * writer))
        for writer, target in enumerate(WRITERS)
    ]
    for process in started:
        process.start()
    for process in started:
        time.sleep(float(chance.uniform(0.01, longest_s)))
        process.kill()
    for process in started:
        process.join(60)
        assert process.exitcode == -9


def test_killed_writers_lose_nothing_tear_nothing_and_double_nothing(
    processes: ForkServerContext, tmp_path: Path, arguments: Arguments, backend: str, repeat: int
) -> None:
    path, notes = tmp_path / "bank", {target: tmp_path / target.__name__ for target in WRITERS}
    for note in notes.values():
        note.touch()
    longest_s = 0.4
    for kill in range(3 * repeat + 12):
        # starts overlap with what others wrote: the same samples are added again
        kill_four_writers(
            processes, path, arguments, notes, 10 * kill, seed=1000 * repeat + kill, longest_s=longest_s
        )
        came_far = all(note.read_text() for note in notes.values())
        longest_s = longest_s if came_far else 1.5 * longest_s  # on a busy machine they need longer
        if kill >= 3 * repeat - 1 and came_far:
            break
    added = {int(line) for line in notes[write_for_ever].read_text().split()}
    generated = set(notes[generate_for_ever].read_text().split())
    assert added, "no writer came so far: the test proves nothing"
    assert generated, "no generation came so far: the test proves nothing"
    bank, source = SampleBank(path, **arguments), radiograph()
    held = bank.digests()
    assert {numbered(number).digest for number in added} <= set(held)
    assert {request(source, slot).digest for slot in generated} <= set(held)
    assert bank.verify() == []
    happened = "SELECT count(*), count(DISTINCT subject) FROM events WHERE kind = 'sample'"
    assert rows(bank, happened) == [(len(held), len(held))]
    if backend == FILES:
        assert rows(bank, "PRAGMA integrity_check") == [("ok",)]
    for number in sorted(added)[:: max(1, len(added) // 50)]:
        assert_same(bank.get(numbered(number).digest), numbered(number))
    bank.add(numbered(10**6))
    bank.close()


def test_what_killed_writers_left_behind_is_swept_after_a_day(tmp_path: Path) -> None:
    SampleBank(tmp_path / "bank").close()
    old, new = (tmp_path / "bank" / "pixels" / "partial" / name for name in ("old", "new"))
    for path in (old, new):
        path.write_bytes(b"half")
    os.utime(old, (time.time() - 90_000, time.time() - 90_000))
    SampleBank(tmp_path / "bank").close()
    assert not old.exists()
    assert new.exists()


def test_reading_a_bank_loads_neither_diffusers_nor_alembic(bank: SampleBank) -> None:
    bank.add(numbered(0))
    code = (
        "import sys; from medsynth_aug.bank import SampleBank; bank = SampleBank(sys.argv[1]); "
        "[bank.get(digest) for digest in bank.digests()]; bank.close(); "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run([sys.executable, "-c", code, bank.path], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert "medsynth_aug" in loaded
    assert not loaded & {"diffusers", "transformers", "monai", "alembic"}
