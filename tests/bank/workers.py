"""What other processes do in the tests; importable by name, as forkserver and spawn need it."""

import os
import signal
import sys
import time
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.data import Dataset

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.bank.runs import bank_run
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis import FakeSynthesizer, SynthesisRequest, SyntheticSample
from medsynth_aug.types import ValueRange
from tests.bank.material import radiograph, request


def numbered(number: int) -> SyntheticSample:
    """A quick sample that everyone can tell from its number."""
    pixels = np.random.default_rng(number).integers(0, 4096, (1, 64, 64), dtype=np.uint16)
    mask = torch.zeros(1, 64, 64, dtype=torch.bool)
    mask[0, number % 60 : number % 60 + 3, 5:9] = True
    request = SynthesisRequest(
        source="real:" + "0" * 64, lesion=resolve_lesion("nodule"), engine="e", seed=0, slot=str(number)
    )
    return SyntheticSample(request, torch.from_numpy(pixels), mask, mask, ValueRange(0, 4095))


def write_for_ever(path: Path, arguments: dict[str, Any], acknowledged: Path, first: int) -> None:
    """Add samples until killed; note the number of each one once `add` has returned."""
    bank = SampleBank(path, **arguments)
    notes = os.open(acknowledged, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    for number in range(first, first + 100_000):
        bank.add(numbered(number))
        os.write(notes, f"{number}\n".encode())


def generate_for_ever(path: Path, arguments: dict[str, Any], acknowledged: Path, first: int) -> None:
    """Generate samples, four requests a call, until killed; note the slots once a call has returned."""
    bank, source = SampleBank(path, **arguments), radiograph()
    bank.put_source(source)
    notes = os.open(acknowledged, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
    for start in range(first, first + 100_000, 4):
        slots = [str(number) for number in range(start, start + 4)]
        asked = [request(source, slot) for slot in slots]
        generate(asked, FakeSynthesizer(), bank, SourceStore(bank), batch_size=2, progress=False)
        os.write(notes, "".join(f"{slot}\n" for slot in slots).encode())


def run_for_ever(path: Path, arguments: dict[str, Any], begun: Path) -> None:
    """Be a run that goes on until it is killed; tell its id once it is noted."""
    with bank_run(SampleBank(path, **arguments), kind="generate", total=7) as run:
        begun.with_suffix(".part").write_text(run.id)
        begun.with_suffix(".part").rename(begun)
        time.sleep(600)


def write_some(path: Path, arguments: dict[str, Any], numbers: range) -> None:
    """Add samples and end."""
    bank = SampleBank(path, **arguments)
    for number in numbers:
        bank.add(numbered(number))
    bank.close()


def open_together(folder: Path, arguments: list[dict[str, Any]], start: Barrier) -> None:
    """Open one new bank after the other, each at the same moment as the other processes."""
    for number, each in enumerate(arguments):
        start.wait(60)
        bank = SampleBank(folder / str(number), **each)
        bank.add(numbered(number))
        bank.close()


def die_while_moving(path: Path) -> None:
    """Add a sample and be killed at the moment at which its pixels would move to their place."""

    def kill(event: str, _arguments: tuple[object, ...]) -> None:
        if event == "os.rename":
            os.kill(os.getpid(), signal.SIGKILL)

    bank = SampleBank(path)
    sys.addaudithook(kill)
    bank.add(numbered(0))


class Numbers(Dataset[torch.Tensor]):
    """A map-style data set that reads the samples of `numbered` from a bank."""

    def __init__(self, bank: SampleBank, count: int) -> None:
        self._bank, self._count = bank, count

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: int) -> torch.Tensor:
        return self._bank.get(numbered(index).digest).image.to(torch.int32)
