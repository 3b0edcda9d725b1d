"""Runs the parts of the benchmark of the data path one after the other, in a folder that is thrown away."""

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch

from medsynth_aug.benchmark.data.fetch import measure_fetch
from medsynth_aug.benchmark.data.films import DEFAULT_COLUMNS, FilmSet, write_film_sets
from medsynth_aug.benchmark.data.large_bank import measure_bank
from medsynth_aug.benchmark.data.planning import measure_plan
from medsynth_aug.benchmark.data.ranks import measure_ranks
from medsynth_aug.benchmark.data.settings import DataSettings
from medsynth_aug.benchmark.data.stall import measure_stall
from medsynth_aug.benchmark.environment import environment_of
from medsynth_aug.evaluation import Columns

SCHEMA_VERSION = 1
SIZES = ((1024, 8), (2048, 12))
"""Side in pixels and bits of the films that are enlarged."""


def run_data_benchmark(
    data: str | Path,
    settings: DataSettings,
    *,
    normal: str = "normal",
    columns: Columns = DEFAULT_COLUMNS,
    on_part: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """The report, JSON-serialisable; nothing is left behind.

    Args:
        data: A folder with `labels.csv`, or such a file.
        settings: What is run, and how often.
        normal: Class of the films without a finding.
        columns: Names of the file's columns.
        on_part: Called with the name of each part before it runs.

    Raises:
        UnreadableFileError: If the table or a film is missing or cannot be read.
        LabelError: If a column is missing or there are fewer than three films without a finding.
        CheckpointError: If the ranks' checkpoint cannot be loaded.
    """
    tell = on_part or (lambda part: None)
    with TemporaryDirectory(prefix="medsynth-benchmark-") as name:
        folder = Path(name)
        tell("films")
        sets = write_film_sets(
            data, folder / "films", count=settings.films, normal=normal, columns=columns,
            sizes=SIZES if {"fetch", "stall"} & set(settings.parts) else (),
        )  # fmt: skip
        films, parts = len(sets[0].read()) - 1, []
        for part in settings.parts:
            tell(part)
            load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
            parts.append(_measure(part, sets, folder / part, settings) | {"load_before": load})
    return {
        "schema": "medsynth-benchmark-data",
        "schema_version": SCHEMA_VERSION,
        "settings": asdict(settings) | {"films": films},
        "environment": environment_of(torch.device("cpu")),
        "parts": parts,
    }


def _measure(part: str, sets: Sequence[FilmSet], folder: Path, settings: DataSettings) -> dict[str, Any]:
    folder.mkdir()
    given, *enlarged = sets
    if part == "fetch":
        return measure_fetch(sets, folder, settings)
    if part == "stall":
        return measure_stall(enlarged[0], folder, settings)
    if part == "plan":
        return measure_plan(settings)
    if part == "bank":
        return measure_bank(folder, settings)
    return measure_ranks(given, folder, settings)
