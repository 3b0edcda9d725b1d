"""Quality over steps: the same draws under every setting, each against many steps with guidance."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import torch
from tqdm.auto import tqdm

from medsynth_aug.benchmark.environment import environment_of
from medsynth_aug.benchmark.quality.comparison import compare
from medsynth_aug.benchmark.quality.draws import Condition, Draw, draw_lesion
from medsynth_aug.benchmark.quality.films import Film
from medsynth_aug.benchmark.quality.measures import (
    EDGE_F1,
    FEATURE_DISTANCE,
    SECONDS,
    SHARE_KEPT,
    SSIM,
    TEXTURE_KEPT,
)
from medsynth_aug.benchmark.quality.paired import Row
from medsynth_aug.benchmark.quality.rows import PRIOR, lesion_rows
from medsynth_aug.benchmark.quality.settings import QualitySettings
from medsynth_aug.benchmark.quality.whole import check_whole_films, whole_curve
from medsynth_aug.errors import GridError
from medsynth_aug.evaluation import FeatureExtractor
from medsynth_aug.synthesis import SamplingSettings, Synthesizer

SCHEMA_VERSION = 1
ALL = "all"
MEASURES = (SHARE_KEPT, TEXTURE_KEPT, SSIM, EDGE_F1, FEATURE_DISTANCE, SECONDS)
NOTES = (
    "Every setting paints the same draws; only steps, guidance and scheduler differ. Differences are taken "
    "draw by draw; intervals are 95 % percentile intervals over patients.",
    "Quality is kept if the bound of every judged difference lies within its delta, stated before the run.",
    "The prior alone is the start of every setting without denoising: a figure that cannot tell it from the "
    "reference says nothing about denoising.",
    "The encoder's distance is that of the region to the same draw's region under the reference; the prior's "
    "is its yardstick. It and the seconds are reported, not judged.",
    "Samples that the checkpoint would refuse for what is left of the lesion are measured and counted.",
    "The dearest setting comes first and encodes the background for all, so seconds favour the cheap ones by "
    "that encoding.",
)


def quality_conditions(settings: QualitySettings) -> tuple[tuple[Condition, ...], tuple[str, str]]:
    """The settings, the dearest first, and the names of the two references: guided, and not."""
    most, first = settings.steps[-1], settings.schedulers[0]

    def condition(steps: int, guidance_scale: float, scheduler: Any) -> Condition:
        words = [f"{steps} step" + "s" * (steps > 1)]
        words += [f"guidance {guidance_scale:g}"] if guidance_scale > 1 else []
        words += [scheduler] if scheduler != "checkpoint" else []
        sampling = SamplingSettings(
            num_inference_steps=steps, strength=settings.strength, guidance_scale=guidance_scale,
            scheduler=scheduler,
        )  # fmt: skip
        return Condition(name=", ".join(words), sampling=sampling)

    guided = condition(most, settings.guidance_scale, first)
    plain = [condition(steps, 1.0, name) for name in settings.schedulers for steps in settings.steps[::-1]]
    return (guided, *plain), (guided.name, plain[0].name)


def run_quality(
    synthesizer: Synthesizer,
    films: Sequence[Film],
    settings: QualitySettings,
    extractor: FeatureExtractor,
    *,
    checkpoint: str,
    device: torch.device,
    least_kept: float = 0.0,
    progress: bool = True,
) -> dict[str, Any]:
    """The report, JSON-serialisable; nothing is written.

    Args:
        synthesizer: The engine; open it with `open_ungated`.
        films: What is painted into.
        settings: What is compared.
        extractor: What sees the regions.
        checkpoint: Its name, for the report.
        device: Where it runs, for the report.
        least_kept: Share of a lesion below which the checkpoint would refuse a sample.
        progress: Show a progress bar.

    Raises:
        GridError: If no lesion finds a place in any film.
        LabelError: If whole images are asked for and there are too few films.
    """
    check_whole_films(films, settings.whole)
    conditions, references = quality_conditions(settings)
    anatomies = [synthesizer.segment(film.source) for film in films]
    draws = {
        name: draw_lesion(films, anatomies, name, engine=synthesizer.fingerprint, seed=settings.seed)
        for name in settings.lesions
    }
    check_draws(draws)
    total = (sum(map(len, draws.values())) + settings.whole) * len(conditions)
    with tqdm(total=total, desc="Painting", unit="sample", disable=not progress) as bar:
        rows = {
            name: lesion_rows(synthesizer, conditions, held, extractor, bar.update)
            for name, held in draws.items()
            if held
        }
        whole = whole_curve(
            synthesizer, conditions, references, films, anatomies, settings, extractor, bar.update
        )
    names = [*(one.name for one in conditions), PRIOR]
    every = {one: [row for held in rows.values() for row in held[one]] for one in names}
    shared: dict[str, Any] = {
        "references": references, "deltas": settings.deltas, "least_kept": least_kept, "seed": settings.seed,
    }  # fmt: skip
    return {
        "schema": "medsynth-benchmark-quality",
        "schema_version": SCHEMA_VERSION,
        "checkpoint": checkpoint,
        "engine": synthesizer.fingerprint,
        "extractor": {"name": extractor.name, "digest": extractor.digest},
        "films": len(films),
        "least_kept": least_kept,
        "settings": {**asdict(settings), "deltas": dict(settings.deltas)},
        "environment": environment_of(device),
        "measures": {one.key: one.title for one in MEASURES},
        "references": list(references),
        "without_place": {name: len(films) - len(held) for name, held in draws.items()},
        "tables": [compare(name, held, MEASURES, **shared) for name, held in {**rows, ALL: every}.items()],
        "whole": whole,
        "rows": flat_rows(rows),
        "notes": list(NOTES),
    }


def check_draws(draws: Mapping[str, Sequence[Draw]]) -> None:
    """Check that something can be painted.

    Raises:
        GridError: If no lesion finds a place in any film.
    """
    if not any(draws.values()):
        raise GridError(
            f"{', '.join(draws)} found no place in any film; give frontal chest radiographs, or other lesions"
        )


def flat_rows(rows: Mapping[str, Mapping[str, Sequence[Row]]]) -> list[dict[str, Any]]:
    """Every figure that was measured, so that another question can be asked of it; draws by number only.

    Neither patients nor digests of films are in it: patients and draws are counted within the report.
    """
    patients: dict[str, int] = {}
    return [
        {
            "lesion": lesion, "setting": setting, "draw": number,
            "patient": patients.setdefault(row.patient, len(patients)),
            **{key: _finite(value) for key, value in (row.values or {}).items()}, "refused": row.refused,
        }
        for lesion, held in rows.items()
        for setting, several in held.items()
        for number, row in enumerate(several)
    ]  # fmt: skip


def _finite(value: float) -> float | None:
    return round(value, 6) if math.isfinite(value) else None
