"""What the curve measures of one lesion: the samples of every setting, and the prior they start from."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from medsynth_aug.benchmark.quality.draws import Condition, Draw
from medsynth_aug.benchmark.quality.measures import (
    EDGE_F1,
    FEATURE_DISTANCE,
    SECONDS,
    SHARE_KEPT,
    SSIM,
    TEXTURE_KEPT,
    as_floats,
    pair_of,
    region_crop,
    seconds,
    share_kept,
    texture_kept,
)
from medsynth_aug.benchmark.quality.painting import Advance, paint
from medsynth_aug.benchmark.quality.paired import Row
from medsynth_aug.evaluation import FeatureExtractor
from medsynth_aug.evaluation.anatomy_kept import anatomy_kept
from medsynth_aug.synthesis import Refusal, Synthesizer, SyntheticSample

PRIOR = "prior alone"


def lesion_rows(
    synthesizer: Synthesizer,
    conditions: Sequence[Condition],
    draws: Sequence[Draw],
    extractor: FeatureExtractor,
    advance: Advance,
) -> dict[str, list[Row]]:
    """Rows by setting, the prior alone the last.

    Args:
        synthesizer: The engine.
        conditions: The settings; the encoder's distances are to the first.
        draws: What is painted.
        extractor: What sees the regions.
        advance: Told of each sample that is done.
    """
    results: dict[str, Sequence[SyntheticSample | Refusal]] = {
        one.name: paint(synthesizer, [draw.under(one) for draw in draws], advance) for one in conditions
    }
    results[PRIOR] = [draw.prior for draw in draws]
    features = {name: _features(held, extractor) for name, held in results.items()}
    reference = features[conditions[0].name]
    return {name: _rows(draws, held, _apart(features[name], reference)) for name, held in results.items()}


def _features(results: Sequence[SyntheticSample | Refusal], extractor: FeatureExtractor) -> list[Any]:
    """Features of each result's region; None where the engine refused."""
    crops = [region_crop(one) for one in results if not isinstance(one, Refusal)]
    seen = iter(extractor(crops))
    return [None if isinstance(one, Refusal) else next(seen) for one in results]


def _apart(features: Sequence[Any], reference: Sequence[Any]) -> list[float]:
    """Euclidean distance of each pair; NaN where one was refused."""
    return [
        float("nan") if one is None or other is None else float(np.linalg.norm(one - other))
        for one, other in zip(features, reference, strict=True)
    ]


def _rows(
    draws: Sequence[Draw], results: Sequence[SyntheticSample | Refusal], distances: Sequence[float]
) -> list[Row]:
    rows = []
    for draw, one, distance in zip(draws, results, distances, strict=True):
        if isinstance(one, Refusal):
            rows.append(Row(draw=draw.digest, patient=draw.film.patient, values=None, refused=one.reason))
            continue
        found = anatomy_kept([pair_of(draw, one)], segment=_no_lungs, progress=False)
        around = as_floats(found.rows[0])
        values = {
            SHARE_KEPT.key: share_kept(draw, one), TEXTURE_KEPT.key: texture_kept(draw, one),
            SSIM.key: around["ssim"], EDGE_F1.key: around["edge_f1"], FEATURE_DISTANCE.key: distance,
            SECONDS.key: seconds(one),
        }  # fmt: skip
        rows.append(Row(draw=one.request.draw_digest, patient=draw.film.patient, values=values))
    return rows


def _no_lungs(grey: np.ndarray) -> torch.Tensor:
    """Nothing to find: lung overlap is the ablation's figure, and finding lungs is most of the cost."""
    return torch.zeros(2, *grey.shape, dtype=torch.bool)
