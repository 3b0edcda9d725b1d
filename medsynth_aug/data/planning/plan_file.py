"""A plan as a file of JSON lines: what all samples share, items, columns, and a digest to prove it."""

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.conditioning.settings import ConditioningSettings
from medsynth_aug.data.items.label_pass import write_whole
from medsynth_aug.data.planning.planned import PlannedItem, PlanSettings
from medsynth_aug.data.planning.planned_samples import PlannedSamples, digest_samples
from medsynth_aug.errors import PlanError
from medsynth_aug.lesions import Lesion
from medsynth_aug.synthesis.settings import SamplingSettings

FORMAT_VERSION = 2
"""Version of the file's form."""

ITEMS_A_LINE = 1000
SAMPLES_A_LINE = 20_000

_in_order = attrgetter(*(field.name for field in fields(PlannedItem)))


def write_plan(path: Path, samples: PlannedSamples, shams: PlannedSamples, **rest: Any) -> None:
    """Write samples and shams, and what else is given as JSON, whole or not at all.

    Raises:
        BankFullError: If the disk is full.
        BankReadOnlyError: If the folder cannot be written.
    """
    write_whole(path, _lines(samples.followed_by(shams), len(shams), rest))


def read_plan(path: Path) -> tuple[PlannedSamples, PlannedSamples, dict[str, Any]]:
    """Samples, shams, and what else `write_plan` was given.

    Raises:
        PlanError: If the file is missing, damaged or no plan.
    """
    try:
        with path.open(encoding="utf-8") as file:
            return _read(json.loads(line) for line in file)
    except (OSError, ValueError, KeyError, TypeError, IndexError, StopIteration) as problem:
        raise PlanError(
            f"{path} holds no plan ({str(problem) or 'it ends too early'}); write it with plan.save(path)"
        ) from problem


def _lines(everything: PlannedSamples, shams: int, rest: dict[str, Any]) -> Iterator[str]:
    settings, items = everything.settings, everything.items
    head = {
        "medsynth_plan": FORMAT_VERSION, "items": len(items), "samples": len(everything) - shams,
        "shams": shams, "lesions": [[key, lesion.to_json()] for key, lesion in settings.lesions],
        "engine": settings.engine, "seed": settings.seed, "sampling": asdict(settings.sampling),
        "conditioning": asdict(settings.conditioning), "pixel_version": settings.pixel_version, **rest,
    }  # fmt: skip
    yield json.dumps(head) + "\n"
    for start in range(0, len(items), ITEMS_A_LINE):
        yield json.dumps([_in_order(item) for item in items[start : start + ITEMS_A_LINE]]) + "\n"
    for start in range(0, len(everything), SAMPLES_A_LINE):
        part = everything[start : start + SAMPLES_A_LINE]
        yield json.dumps([part.places.tolist(), part.lesions.tolist(), part.rows.tolist()]) + "\n"
    yield json.dumps({"digest": digest_samples(everything)}) + "\n"


def _read(lines: Iterator[Any]) -> tuple[PlannedSamples, PlannedSamples, dict[str, Any]]:
    head = next(lines)
    if head["medsynth_plan"] != FORMAT_VERSION:
        raise ValueError(f"it has version {head['medsynth_plan']}, this program reads {FORMAT_VERSION}")
    items: list[PlannedItem] = []
    while len(items) < head["items"]:
        items += [_item(entry) for entry in next(lines)]
    places, lesions, rows = _columns(lines, head["samples"] + head["shams"])
    shams = np.arange(len(rows)) >= head["samples"]
    everything = PlannedSamples(_settings(head), tuple(items), places, lesions, rows, shams)
    if next(lines)["digest"] != digest_samples(everything):
        raise ValueError("its samples are not those that were saved")
    return everything[: head["samples"]], everything[head["samples"] :], head


def _columns(lines: Iterator[Any], count: int) -> NDArray[np.int64]:
    """`(3, count)` places, lesions and rows."""
    parts = [np.zeros((3, 0), np.int64)]
    while sum(part.shape[1] for part in parts) < count:
        parts.append(np.asarray(next(lines), np.int64))
    return np.concatenate(parts, axis=1)


def _item(entry: list[Any]) -> PlannedItem:
    index, patient, source, dtype, (channels, height, width), *maps = entry
    return PlannedItem(index, patient, source, dtype, (channels, height, width), *maps)


def _settings(head: dict[str, Any]) -> PlanSettings:
    return PlanSettings(
        lesions=tuple((key, Lesion.from_json(lesion)) for key, lesion in head["lesions"]),
        engine=head["engine"],
        seed=head["seed"],
        sampling=SamplingSettings(**head["sampling"]),
        conditioning=ConditioningSettings(**head["conditioning"]),
        pixel_version=head["pixel_version"],
    )
