"""Fill the bank: the rare classes by a rebalancing plan, and fractures, which have no real case, by hand."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.data import CsvDataset, RebalancedDataset
from medsynth_aug.demo.radiographs import BACKGROUND, LESION_OF_CLASS, for_classifier
from medsynth_aug.demo.settings import DemoSettings
from medsynth_aug.errors import PlanError
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis import (
    FakeSynthesizer,
    SynthesisRequest,
    Synthesizer,
    SyntheticSample,
    real_source,
)

FRACTURES = 4
"""Fractures that are painted."""


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """A sample beside what it was painted into.

    Args:
        sample: What came back.
        source: `(1, H, W)` pixels of its source.
    """

    sample: SyntheticSample
    source: torch.Tensor


def load_synthesizer(settings: DemoSettings) -> Synthesizer:
    """The engine with its weights, or the public fake."""
    if settings.fake:
        return FakeSynthesizer()
    from medsynth_aug.diffusion import LesionSynthesizer

    return LesionSynthesizer.from_pretrained(settings.checkpoint)


def rebalance(
    train: CsvDataset, synthesizer: Synthesizer, settings: DemoSettings, held_out: list[str]
) -> RebalancedDataset:
    """The training split with its rare classes brought up to `per_class` items.

    Raises:
        PlanError: If one of the classes has no training image.
    """
    real = Counter(train.targets)
    numbers = {name: train.class_to_idx.get(name, -1) for name in (*LESION_OF_CLASS, BACKGROUND)}
    empty = [name for name, number in numbers.items() if not real[number]]
    if empty:
        raise PlanError(f"the training split has no image of class {', '.join(empty)}; use the example data")
    rare = {number: real[number] for name, number in numbers.items() if name != BACKGROUND}
    return RebalancedDataset(
        train,
        synthesizer,
        lesions={name: lesion for name, lesion in LESION_OF_CLASS.items()},
        background=[BACKGROUND],
        sampling_strategy={number: max(count, settings.per_class) for number, count in rare.items()},
        max_ratio=max(1.0, settings.per_class / min(rare.values())),
        holdout_groups=held_out,
        bank=bank_folder(settings),
        transform=for_classifier,
        seed=settings.seed,
        progress=settings.progress,
    )


def painted_of(dataset: RebalancedDataset, train: CsvDataset) -> list[Painted]:
    """Every synthetic item of the data set with its source."""
    places = enumerate(dataset.plan.samples, start=len(train))
    return [Painted(dataset.sample(place), train[planned.index]["image"]) for place, planned in places]


def paint_fractures(
    train: CsvDataset, synthesizer: Synthesizer, bank: SampleBank, settings: DemoSettings
) -> list[Painted]:
    """Fractures in normal images, asked for request by request; those that found no place are left out."""
    normal = np.flatnonzero(np.array(train.targets) == train.class_to_idx[BACKGROUND])
    rng = np.random.default_rng(settings.seed)
    chosen = rng.choice(normal, min(FRACTURES, len(normal)), replace=False)
    sources = [real_source(train[int(index)]["image"]) for index in chosen]
    requests = [
        SynthesisRequest(
            source=source.digest,
            lesion=resolve_lesion("fracture"),
            engine=synthesizer.fingerprint,
            seed=settings.seed,
            slot=f"fracture/{place}",
        )
        for place, source in enumerate(sources)
    ]
    store = SourceStore(bank, {source.digest: source for source in sources}.get)
    generate(requests, synthesizer, bank, store, progress=settings.progress)
    found = [bank.resolve(request) for request in requests]
    return [Painted(bank.get(digest), source.pixels) for digest, source in zip(found, sources) if digest]


def bank_folder(settings: DemoSettings) -> Path:
    """Where the demonstration keeps its samples."""
    return settings.out / "bank"
