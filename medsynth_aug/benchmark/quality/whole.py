"""The same curve for whole images: how near they come to real films, next to how near those come."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from medsynth_aug.benchmark.quality.comparison import compare
from medsynth_aug.benchmark.quality.draws import Condition
from medsynth_aug.benchmark.quality.films import Film
from medsynth_aug.benchmark.quality.measures import REAL_DISTANCE, SECONDS, seconds
from medsynth_aug.benchmark.quality.painting import Advance, paint
from medsynth_aug.benchmark.quality.paired import Row
from medsynth_aug.benchmark.quality.settings import QualitySettings
from medsynth_aug.errors import LabelError
from medsynth_aug.evaluation import FeatureExtractor
from medsynth_aug.evaluation.distances.kernel import kernel_figure
from medsynth_aug.evaluation.figures import mean_figure
from medsynth_aug.synthesis import Job, Refusal, SynthesisRequest, Synthesizer, SyntheticSample
from medsynth_aug.synthesis.canvas import Canvas
from medsynth_aug.types import Grey, to_grey

MEASURES = (REAL_DISTANCE, SECONDS)


def check_whole_films(films: Sequence[Film], whole: int) -> None:
    """Check that there are films to take anatomies from and others to compare with.

    Raises:
        LabelError: If there are fewer than twice as many films as whole images.
    """
    if 2 * whole > len(films):
        raise LabelError(
            f"{whole} whole images need {2 * whole} films, half for their anatomy and half to be compared "
            f"with; {len(films)} are there: ask for fewer, or give more films"
        )


def whole_curve(
    synthesizer: Synthesizer,
    conditions: Sequence[Condition],
    references: Sequence[str],
    films: Sequence[Film],
    anatomies: Sequence[torch.Tensor],
    settings: QualitySettings,
    extractor: FeatureExtractor,
    advance: Advance,
) -> dict[str, Any] | None:
    """Distances of whole images to real films under every setting; None where none is asked for.

    The anatomies are those of the first films; distances are to the others, of other patients. A distance is
    that to the nearest real film in the encoder's features, over the mean of the same distance from the first
    films themselves: 1 is as near as real films are to each other.

    Args:
        synthesizer: The engine.
        conditions: The settings; a strength in them is left out.
        references: Settings that all are compared with.
        films: Real films, one a patient.
        anatomies: Lung fields of each.
        settings: How many, what they show, and the seed.
        extractor: What sees them.
        advance: Told of each image that is done.
    """
    if not settings.whole:
        return None
    donors, others = films[: settings.whole], films[settings.whole :]
    real = extractor([_film_grey(one) for one in others])
    own = _nearest(extractor([_film_grey(one) for one in donors]), real)
    yardstick = float(own.mean())
    rows, kernels = {}, {}
    for one in conditions:
        jobs = [
            _job(number, donor, anatomy, one, synthesizer.fingerprint, settings)
            for number, (donor, anatomy) in enumerate(zip(donors, anatomies, strict=False))
        ]
        results = paint(synthesizer, jobs, advance)
        held = [result for result in results if not isinstance(result, Refusal)]
        seen = extractor([to_grey(result.image, result.value_range) for result in held])
        rows[one.name] = _rows(jobs, donors, results, _nearest(seen, real) / max(yardstick, 1e-9))
        kernels[one.name] = kernel_figure(
            real, seen, real_patients=tuple(film.patient for film in others),
            synthetic_patients=tuple(str(number) for number in range(len(held))), seed=settings.seed,
        ).to_json()  # fmt: skip
    table = compare(
        "whole images", rows, MEASURES, references=references, deltas=settings.deltas, seed=settings.seed
    )
    patients = [film.patient for film in donors]
    return {
        **table,
        "kid": kernels,
        "real_to_real": mean_figure(
            "distance of real films to the nearest other", own.tolist(), patients, seed=settings.seed,
            unit="films",
        ).to_json(),
        "real_to_real_kid": kernel_figure(
            real, extractor([_film_grey(one) for one in donors]), name="KID, real vs real",
            real_patients=tuple(film.patient for film in others), synthetic_patients=tuple(patients),
            seed=settings.seed,
        ).to_json(),
    }  # fmt: skip


def _job(
    number: int, donor: Film, anatomy: torch.Tensor, condition: Condition, engine: str,
    settings: QualitySettings,
) -> Job:  # fmt: skip
    assert condition.sampling is not None
    pixels = donor.source.pixels
    canvas = Canvas(
        prompt=settings.whole_prompt, height=pixels.shape[1], width=pixels.shape[2],
        value_range=donor.source.value_range,
    )  # fmt: skip
    request = SynthesisRequest(
        source="none", lesion=None, canvas=canvas, purpose="patient", engine=engine, seed=settings.seed,
        anatomy_digest=hashlib.sha256(anatomy.numpy().tobytes()).hexdigest(), slot=f"quality/whole/{number}",
        sampling=replace(condition.sampling, strength=None),
    )  # fmt: skip
    return Job(request, None, anatomy=anatomy)


def _rows(
    jobs: Sequence[Job],
    donors: Sequence[Film],
    results: Sequence[SyntheticSample | Refusal],
    distances: np.ndarray,
) -> list[Row]:
    left = iter(distances.tolist())
    rows = []
    for job, donor, one in zip(jobs, donors, results, strict=True):
        refused = one.reason if isinstance(one, Refusal) else ""
        values = (
            None if isinstance(one, Refusal) else {REAL_DISTANCE.key: next(left), SECONDS.key: seconds(one)}
        )
        rows.append(Row(draw=job.request.draw_digest, patient=donor.patient, values=values, refused=refused))
    return rows


def _film_grey(film: Film) -> Grey:
    return to_grey(film.source.pixels, film.source.value_range)


def _nearest(features: np.ndarray, real: np.ndarray) -> np.ndarray:
    """Distance `(N,)` of each to the nearest of the real ones."""
    if not len(features):
        return np.zeros(0)
    apart = np.linalg.norm(features[:, None] - real[None], axis=2)
    return np.asarray(apart.min(1), float)
