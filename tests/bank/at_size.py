"""Fill a bank with very many records, most without pixels, and time it: `python -m tests.bank.at_size`."""

import hashlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.packing import unpack_sample
from medsynth_aug.bank.records import sample_record
from medsynth_aug.bank.schema import samples
from medsynth_aug.bank.verifying import checked
from tests.bank.workers import numbered

LESIONS = ("nodule", "pneumothorax", "effusion", "mass", "fracture")


def fill(bank: SampleBank, count: int, *, with_pixels: int) -> list[str]:
    """Add some samples in full and records up to `count`; digests of those that have pixels."""
    stored = [numbered(number) for number in range(with_pixels)]
    for each in stored:
        bank.add(each)
    record = sample_record(stored[0], b"") | {"virtual": False}
    for start in range(with_pixels, count, 20_000):
        with bank._database.writing() as connection:
            connection.execute(samples.insert(), list(_records(record, start, min(start + 20_000, count))))
    return [each.digest for each in stored]


def _records(record: dict[str, Any], start: int, stop: int) -> Iterator[dict[str, Any]]:
    for number in range(start, stop):
        yield record | {
            "digest": hashlib.sha256(str(number).encode()).hexdigest(),
            "lesion": LESIONS[number % len(LESIONS)],
            "purpose": "sham" if number % 50 == 0 else "lesion",
            "slot": str(number),
            "created_at": datetime.now(UTC),
        }


def seconds(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def measure(count: int) -> Iterator[tuple[str, float]]:
    """Name and seconds of what is done to a bank of `count` records."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bank"
        bank = SampleBank(path)
        with_pixels = fill(bank, count, with_pixels=2000)
        bank.close()
        yield "open", seconds(lambda: SampleBank(path))
        bank = SampleBank(path)
        yield "len", seconds(lambda: len(bank))
        yield "digests", seconds(bank.digests)
        yield "digests of one lesion", seconds(lambda: bank.digests(lesion="nodule"))
        yield "digests of one purpose", seconds(lambda: bank.digests(purpose="sham"))
        yield "digests of both", seconds(lambda: bank.digests(lesion="nodule", purpose="sham"))
        yield "first of iter_digests", seconds(lambda: next(bank.iter_digests()))
        known = list(np.random.default_rng(0).choice(bank.digests(), 10_000, replace=False))
        yield "held, 10,000 of them", seconds(lambda: bank.held(known))
        yield "info", seconds(bank.info)
        order = np.random.default_rng(0).permutation(with_pixels)[:1000].tolist()
        yield from reads(bank, order)


def reads(bank: SampleBank, digests: list[str]) -> Iterator[tuple[str, float]]:
    """Medians of the parts of a random read, seconds."""
    bank.get(digests[0])
    parts: dict[str, list[float]] = {"get": [], "record": [], "file and digest": [], "unpack": []}
    for digest in digests:
        parts["get"].append(seconds(lambda digest=digest: bank.get(digest)))  # type: ignore[misc]
    for digest in digests[::-1]:
        began = time.perf_counter()
        row = bank._row(samples.select().where(samples.c.digest == digest))
        read = time.perf_counter()
        data = checked(row, bank._pixels)
        loaded = time.perf_counter()
        unpack_sample(data)
        parts["record"].append(read - began)
        parts["file and digest"].append(loaded - read)
        parts["unpack"].append(time.perf_counter() - loaded)
    for name, values in parts.items():
        yield f"random read: {name}, median", statistics.median(values)
        yield f"random read: {name}, 99 %", float(np.quantile(values, 0.99))


if __name__ == "__main__":
    for name, duration in measure(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000):
        print(f"{name:40} {1000 * duration:10.3f} ms", flush=True)
