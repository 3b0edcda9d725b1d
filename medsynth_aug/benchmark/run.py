"""Runs every contender in turn, round after round, so that a noisy machine is unfair to none."""

import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import torch

from medsynth_aug.benchmark.cases import Case, build_cases
from medsynth_aug.benchmark.contender import COMPARISONS, Contender
from medsynth_aug.benchmark.environment import environment_of
from medsynth_aug.benchmark.memory import read_peak, reset_peak
from medsynth_aug.benchmark.ours import our_contenders
from medsynth_aug.benchmark.settings import BenchmarkSettings
from medsynth_aug.benchmark.stock import stock_contenders
from medsynth_aug.synthesis import SamplingSettings, SourceImage, Synthesizer

SCHEMA_VERSION = 1
NOTES = (
    "Stock gets its control image ready-made; ours makes its own inside the timed call.",
    "Ours composes into the native pixels inside the timed call; stock gives back the model's decode.",
    "Every draw has its own seed; 'ours' may reuse the prompt and the background of earlier rounds, "
    "'nothing cached' gets an image never seen, without its anatomy (the prompt may be known).",
    "One call of every contender before the first round is not timed.",
    "All weights stay loaded, so peak memory on a CPU includes those of the other contenders.",
)

OnRun = Callable[[str, str], None]


def run_benchmark(
    synthesizer: Synthesizer, folder: Path, source: SourceImage, settings: BenchmarkSettings, *,
    device: torch.device, dtype: torch.dtype, is_phantom: bool, on_run: OnRun | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The report, JSON-serialisable; nothing is written.

    Args:
        synthesizer: Our engine, with the weights of `folder` on `device`.
        folder: The diffusers folder that stock loads.
        source: `(1, size, size)` image that is painted into.
        settings: How often and how long.
        device: Where stock runs.
        dtype: Our precision, which stock at its best takes too.
        is_phantom: Whether the source is the built-in phantom, whose lungs are known.
        on_run: Called with case and contender before each run.

    Raises:
        CheckpointError: If stock diffusers cannot load the folder.
        GridError: If no left lung is seen in the image.
        SettingError: If the engine refuses to paint.
    """
    our_steps = SamplingSettings().num_inference_steps
    contenders = [
        *our_contenders(synthesizer, settings, dtype=str(dtype).removeprefix("torch.")),
        *stock_contenders(folder, settings, device=device, dtype=dtype, our_steps=our_steps),
    ]
    cases = build_cases(source, synthesizer, is_phantom=is_phantom)
    report = on_run or (lambda case, contender: None)
    return {
        "schema": "medsynth-benchmark",
        "schema_version": SCHEMA_VERSION,
        "checkpoint": str(folder),
        "engine": synthesizer.fingerprint,
        "source": {"digest": source.digest, "is_phantom": is_phantom},
        "settings": {name: getattr(settings, name) for name in ("repeats", "steps", "batch_size", "size")},
        "environment": environment_of(device),
        "lesions": [_measure(case, contenders, settings.repeats, device, report) for case in cases],
        "notes": list(NOTES),
    }


def _measure(
    case: Case, contenders: Sequence[Contender], repeats: int, device: torch.device, on_run: OnRun
) -> dict[str, Any]:
    seconds: dict[str, list[float]] = {one.name: [] for one in contenders}
    peaks: dict[str, list[int]] = {one.name: [] for one in contenders}
    meaning = ""
    for number in range(repeats + 1):
        for one in contenders:
            on_run(case.name, one.name)
            meaning = reset_peak(device)
            elapsed = _timed(one, case, number, device)
            if number:  # round 0 warms up
                seconds[one.name].append(elapsed / one.batch_size)
                peaks[one.name].append(read_peak(device))
    return {
        "name": case.name,
        "lesion": case.lesion.name,
        "extent_mm": round(case.extent_mm, 1),
        "mask_px": int(case.mask.sum()),
        "peak_memory_is": meaning,
        "runs": [_run(one, seconds[one.name], peaks[one.name]) for one in contenders],
        "ratios": [
            {"ours": ours, "stock": stock}
            | spread(theirs / mine for mine, theirs in zip(seconds[ours], seconds[stock], strict=True))
            for ours, stock in COMPARISONS
        ],
    }


def spread(values: Iterable[float]) -> dict[str, float]:
    """n, minimum, median and maximum."""
    held = list(values)
    return {"n": len(held), "min": min(held), "median": statistics.median(held), "max": max(held)}


def _timed(contender: Contender, case: Case, number: int, device: torch.device) -> float:
    _wait(device)
    began = time.perf_counter()
    contender.paint(case, number)
    _wait(device)
    return time.perf_counter() - began


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def _run(contender: Contender, seconds: Sequence[float], peaks: Sequence[int]) -> dict[str, Any]:
    described = ("name", "steps", "guidance_scale", "batch_size", "dtype", "scheduler")
    return {name: getattr(contender, name) for name in described} | {
        "seconds_per_image": spread(seconds),
        "images_per_second": spread(1 / value for value in seconds),
        "peak_memory_bytes": spread(peaks),
    }
