"""What canny and depth are worth: the same draws with neither, one, and both of them."""

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import torch
from tqdm.auto import tqdm

from medsynth_aug.anatomy.lung_fields import segment_lungs
from medsynth_aug.benchmark.environment import environment_of
from medsynth_aug.benchmark.quality.comparison import compare
from medsynth_aug.benchmark.quality.curve import ALL, SCHEMA_VERSION, check_draws, flat_rows
from medsynth_aug.benchmark.quality.draws import Condition, Draw, draw_lesion
from medsynth_aug.benchmark.quality.films import Film
from medsynth_aug.benchmark.quality.measures import (
    EDGE_F1,
    GUIDED_EDGES,
    LUNG_OVERLAP,
    SHARE_KEPT,
    SSIM,
    TEXTURE_KEPT,
    as_floats,
    guided_edge_f1,
    pair_of,
    share_kept,
    texture_kept,
)
from medsynth_aug.benchmark.quality.painting import Advance, paint
from medsynth_aug.benchmark.quality.paired import Row
from medsynth_aug.benchmark.quality.settings import ControlsSettings
from medsynth_aug.conditioning import ConditioningSettings
from medsynth_aug.evaluation.anatomy_kept import anatomy_kept
from medsynth_aug.synthesis import Refusal, SamplingSettings, Synthesizer
from medsynth_aug.types import Grey

ALWAYS = ("mask", "anatomy")
"""Controls that say where, which stay: only those that say what the image looks like are taken away."""

NONE = "neither"
STRUCTURE = {NONE: (), "canny": ("canny",), "depth": ("depth",), "both": ("canny", "depth")}
MEASURES = (EDGE_F1, SSIM, LUNG_OVERLAP, GUIDED_EDGES, SHARE_KEPT, TEXTURE_KEPT)
NOTES = (
    "Every setting paints the same draws; only the control images differ, absent ones are zeros. Mask and "
    "anatomy are always given. Differences are to 'neither'; intervals are 95 % percentile intervals over "
    "patients.",
    "SSIM and edge F1 are taken outside the lesion in the window round the edit, most of which no setting "
    "can change; edge F1 in the edit compares with the lesion prior's image, of which the control images "
    "are made.",
    "An interval that holds 0 shows no effect of the control.",
)


def control_conditions(settings: ControlsSettings) -> tuple[Condition, ...]:
    """The four settings, the one with neither control first."""
    sampling = SamplingSettings(num_inference_steps=settings.num_inference_steps, strength=settings.strength)
    return tuple(
        Condition(name=name, sampling=sampling, conditioning=ConditioningSettings(controls=(*given, *ALWAYS)))
        for name, given in STRUCTURE.items()
    )


def run_controls(
    synthesizer: Synthesizer,
    films: Sequence[Film],
    settings: ControlsSettings,
    *,
    checkpoint: str,
    device: torch.device,
    segment: Callable[[Grey], torch.Tensor] = segment_lungs,
    least_kept: float = 0.0,
    progress: bool = True,
) -> dict[str, Any]:
    """The report, JSON-serialisable; nothing is written.

    Args:
        synthesizer: The engine; open it with `open_ungated`.
        films: What is painted into.
        settings: What is painted, and how strongly.
        checkpoint: Its name, for the report.
        device: Where it runs, for the report.
        segment: Finds the lung fields of results.
        least_kept: Share of a lesion below which the checkpoint would refuse a sample.
        progress: Show a progress bar.

    Raises:
        GridError: If no lesion finds a place in any film.
    """
    conditions = control_conditions(settings)
    anatomies = [synthesizer.segment(film.source) for film in films]
    draws = {
        name: draw_lesion(films, anatomies, name, engine=synthesizer.fingerprint, seed=settings.seed)
        for name in settings.lesions
    }
    check_draws(draws)
    total = sum(map(len, draws.values())) * len(conditions)
    with tqdm(total=total, desc="Painting", unit="sample", disable=not progress) as bar:
        rows = {
            name: {one.name: _rows(synthesizer, one, held, segment, bar.update) for one in conditions}
            for name, held in draws.items()
            if held
        }
    every = {one.name: [row for held in rows.values() for row in held[one.name]] for one in conditions}
    return {
        "schema": "medsynth-benchmark-controls",
        "schema_version": SCHEMA_VERSION,
        "checkpoint": checkpoint,
        "engine": synthesizer.fingerprint,
        "films": len(films),
        "least_kept": least_kept,
        "settings": asdict(settings),
        "environment": environment_of(device),
        "measures": {one.key: one.title for one in MEASURES},
        "references": [NONE],
        "without_place": {name: len(films) - len(held) for name, held in draws.items()},
        "tables": [
            compare(name, held, MEASURES, references=(NONE,), least_kept=least_kept, seed=settings.seed)
            for name, held in {**rows, ALL: every}.items()
        ],
        "rows": flat_rows(rows),
        "notes": list(NOTES),
    }


def _rows(
    synthesizer: Synthesizer,
    condition: Condition,
    draws: Sequence[Draw],
    segment: Callable[[Grey], torch.Tensor],
    advance: Advance,
) -> list[Row]:
    rows = []
    results = paint(synthesizer, [draw.under(condition) for draw in draws], advance)
    for draw, one in zip(draws, results, strict=True):
        if isinstance(one, Refusal):
            rows.append(Row(draw=draw.digest, patient=draw.film.patient, values=None, refused=one.reason))
            continue
        values = as_floats(anatomy_kept([pair_of(draw, one)], segment=segment, progress=False).rows[0]) | {
            GUIDED_EDGES.key: guided_edge_f1(draw, one),
            SHARE_KEPT.key: share_kept(draw, one),
            TEXTURE_KEPT.key: texture_kept(draw, one),
        }
        rows.append(Row(draw=one.request.draw_digest, patient=draw.film.patient, values=values))
    return rows
