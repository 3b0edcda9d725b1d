"""A bank with very many records: how long to open, to count, to look up and to read."""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.database import Database
from medsynth_aug.bank.places import Places
from medsynth_aug.benchmark.data.figures import figure, part, ratios
from medsynth_aug.benchmark.data.settings import DataSettings
from medsynth_aug.benchmark.source import benchmark_source
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis import FakeSynthesizer, Job, SynthesisRequest, SyntheticSample
from medsynth_aug.synthesis.digest import canonical_json

SIDE_PX = 1024
"""Side of the images in the bank."""

STORED = 200
"""Samples with pixels of their own at most; the other records share their files."""

CHUNK = 10_000
"""Records that are written at once."""

READS = 200
"""Random reads a round."""

NOTES = (
    f"Samples of {SIDE_PX} x {SIDE_PX} pixels, 8 bits; at most {STORED} have files of their own, which the "
    "other records share, so that they are in the page cache. Opened anew in one process. Reading checks the "
    "SHA-256 of the file and unpacks image, mask and edit region.",
)


def measure_bank(folder: Path, settings: DataSettings) -> dict[str, Any]:
    """The part of the report.

    Args:
        folder: Takes the banks.
        settings: How often and how many.
    """
    requests = _fill(folder / "small", min(STORED, settings.records // 20))
    shutil.copytree(folder / "small", folder / "large")
    began = time.perf_counter()
    digests = _multiply(folder / "large", requests, settings.records)
    wrote_s, more = time.perf_counter() - began, settings.records - len(requests)
    banks = {
        "small": (folder / "small", [one.digest for one in requests]),
        "large": (folder / "large", digests),
    }
    found: dict[tuple[str, str], list[float]] = {}
    for number in range(settings.rounds + 1):
        for name in ("small", "large") if number % 2 else ("large", "small"):
            place, held = banks[name]
            for what, took in _timed(place, held, number):
                if number:  # round 0 warms up
                    found.setdefault((name, what), []).append(took)
    size_mib = (folder / "large" / "bank.sqlite").stat().st_size / 2**20
    return part(
        "bank", f"A bank of {settings.records:,} records",
        [
            *(figure(what, found["large", what], unit) for what, unit in _MEASURES),
            *(
                figure(f"{what}, over {len(requests)} records", _times(found, what), "times")
                for what, _ in _MEASURES
            ),
            figure("size of the records", [size_mib], "MiB"),
            figure("records written in bulk, to prepare", [more / wrote_s], "1/s"),
        ],
        NOTES,
    )  # fmt: skip


def _times(found: dict[tuple[str, str], list[float]], what: str) -> list[float]:
    return ratios(found["large", what], found["small", what])


_OPEN, _COUNT, _LOOK_UP, _READ = "open", "count", "look a record up at random", "read and decode at random"
_MEASURES = ((_OPEN, "ms"), (_COUNT, "ms"), (_LOOK_UP, "ms"), (_READ, "ms"))


def _timed(place: Path, held: Sequence[str], number: int) -> Iterator[tuple[str, float]]:
    """What each measure took, in milliseconds; of random reads the mean."""
    began = time.perf_counter()
    bank = SampleBank(place)
    yield _OPEN, 1e3 * (time.perf_counter() - began)
    began = time.perf_counter()
    assert len(bank) == len(held)
    yield _COUNT, 1e3 * (time.perf_counter() - began)
    chosen = [held[i] for i in np.random.default_rng(number).integers(len(held), size=READS)]
    yield _LOOK_UP, _mean_ms(lambda digest: digest in bank, chosen)
    yield _READ, _mean_ms(bank.get, chosen)
    bank.close()


def _mean_ms(read: Callable[[str], object], digests: Sequence[str]) -> float:
    began = time.perf_counter()
    for digest in digests:
        read(digest)
    return 1e3 * (time.perf_counter() - began) / len(digests)


def _fill(folder: Path, count: int) -> list[SynthesisRequest]:
    """A bank with the samples that have pixels of their own."""
    source, engine, bank = benchmark_source(None, SIDE_PX), FakeSynthesizer(), SampleBank(folder)
    nodule = resolve_lesion("nodule")
    requests = []
    for number in range(count):
        request = SynthesisRequest(
            source=source.digest, lesion=nodule, engine=engine.fingerprint, seed=0, slot=str(number)
        )
        (made,) = engine.synthesize([Job(request, source)])
        if isinstance(made, SyntheticSample):  # one place in a few hundred is refused
            bank.add(made)
            requests.append(request)
    bank.close()
    return requests


def _multiply(folder: Path, requests: Sequence[SynthesisRequest], count: int) -> list[str]:
    """Add records until there are `count`, each of a request of its own; returns all digests."""
    database = Database(Places().server(folder))
    with database.reading() as connection:
        rows = [dict(row) for row in connection.exec_driver_sql("SELECT * FROM samples").mappings()]
    asked = {one.digest: one for one in requests}
    digests = [row["digest"] for row in rows]
    copies = (_copy(rows[n % len(rows)], asked, n) for n in range(count - len(rows)))
    names = ", ".join(f'"{name}"' for name in rows[0])
    places = ", ".join("?" for _ in rows[0])
    while chunk := list(islice(copies, CHUNK)):
        digests += [row["digest"] for row in chunk]
        with database.writing() as connection:
            connection.exec_driver_sql(
                f"INSERT INTO samples ({names}) VALUES ({places})", [tuple(row.values()) for row in chunk]
            )
    database.close()
    return digests


def _copy(row: dict[str, Any], asked: dict[str, SynthesisRequest], number: int) -> dict[str, Any]:
    """The record, as SQLite holds it, of another request with the pixels of this one."""
    request = replace(asked[row["digest"]], slot=f"copy/{number}")
    file, text = row["file"] or row["digest"], canonical_json(request.to_json())
    return row | {"digest": request.digest, "slot": request.slot, "request": text, "file": file}
