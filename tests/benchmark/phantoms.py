"""Phantom films in a folder, and engines that do to them what a test wants."""

import csv
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.benchmark.quality import Film
from medsynth_aug.benchmark.source import benchmark_source, fresh_copy
from medsynth_aug.synthesis import FakeSynthesizer, Job, Refusal, SourceImage, SyntheticSample

SIDE_PX = 128


def films(count: int) -> tuple[Film, ...]:
    phantom = benchmark_source(None, SIDE_PX)
    return tuple(Film(fresh_copy(phantom, number), f"patient {number}") for number in range(count))


def write_films(folder: Path, *, normal: int, patients: int | None = None) -> Path:
    """Normal films in `labels.csv` beside one with a nodule; every second one stands in the split "test"."""
    (folder / "images").mkdir(parents=True)
    rows = [("file", "label", "patient_id", "split")]
    for number, film in enumerate(films(normal + 1)):
        file = f"images/{number}.png"
        Image.fromarray(film.source.pixels[0].numpy()).save(folder / file)
        label = "normal" if number < normal else "nodule"
        split = "test" if number % 2 else "train"
        rows.append((file, label, f"patient {number % (patients or normal + 1)}", split))
    with (folder / "labels.csv").open("w", newline="") as target:
        csv.writer(target).writerows(rows)
    return folder


class Altering(FakeSynthesizer):
    """Paints the prior, but ruins or refuses what is asked for in one step."""

    def __init__(self, *, refuse: bool = False) -> None:
        self.refuse = refuse

    def segment(self, source: SourceImage) -> torch.Tensor:
        return schematic_lungs((source.pixels.shape[1], source.pixels.shape[2]))

    def synthesize(self, jobs: Sequence[Job], on_step=None) -> list[SyntheticSample | Refusal]:  # type: ignore[no-untyped-def]
        results = super().synthesize(jobs, on_step)
        return [
            self._altered(one) if one.request.sampling.num_inference_steps == 1 else one for one in results
        ]

    def _altered(self, one: SyntheticSample | Refusal) -> SyntheticSample | Refusal:
        if self.refuse or isinstance(one, Refusal):
            return Refusal(one.request, "the model gave NaN")
        black = torch.where(one.edit_region, torch.zeros_like(one.image), one.image)
        return replace(one, image=black)
