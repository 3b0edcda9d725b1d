"""What is measured of one sample: how much of the lesion is left, of the grain, and of what lies round it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import cv2
import numpy as np

from medsynth_aug.benchmark.quality.draws import Draw
from medsynth_aug.evaluation import EvaluationImage
from medsynth_aug.evaluation.anatomy_kept import edge_f1
from medsynth_aug.evaluation.regions import square_round
from medsynth_aug.synthesis import SyntheticSample
from medsynth_aug.types import BoolMap, Grey, to_grey


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure of a sample, and which way is worse.

    Args:
        key: Its name in a report.
        title: Its name for people.
        worse: "lower", "higher", or "other" where any departure is a loss.
        judged: Whether the verdict asks it.
    """

    key: str
    title: str
    worse: Literal["lower", "higher", "other"]
    judged: bool = True


SHARE_KEPT = Measure("share_kept", "lesion kept", "lower")
TEXTURE_KEPT = Measure("texture_kept", "texture", "other")
SSIM = Measure("ssim", "SSIM", "lower")
EDGE_F1 = Measure("edge_f1", "edge F1", "lower")
FEATURE_DISTANCE = Measure("feature_distance", "encoder", "higher", judged=False)
SECONDS = Measure("seconds", "seconds", "higher", judged=False)
LUNG_OVERLAP = Measure("lung_overlap", "lung overlap", "lower")
GUIDED_EDGES = Measure("guided_edge_f1", "edge F1 inside", "lower")
REAL_DISTANCE = Measure("real_distance", "to real", "higher")


def share_kept(draw: Draw, sample: SyntheticSample) -> float:
    """How much of the lesion prior's change inside the mask is left: the projection of the change on it.

    1 is the prior as drawn, 0 a lesion denoised away: then the label stands without a sign. It is taken from
    the finished pixels, so blending and rounding count too. 1 where the prior changes nothing.
    """
    inside = sample.mask[0].numpy()
    source = grey_of(draw)
    prior = (_grey(draw.prior) - source)[inside]
    power = float(prior @ prior)
    return float((_grey(sample) - source)[inside] @ prior) / power if power > 0 else 1.0


def texture_kept(draw: Draw, sample: SyntheticSample) -> float:
    """Spread of the Laplacian inside the edit region, result over source: how much of the grain is left.

    Below 1 the edit is smoother than the film, the mark of a blurred latent; above 1 it has added edges or
    noise. Either gives an edit away, so its difference is judged in both directions. 1 in a flat source.
    """
    region = sample.edit_region[0].numpy()
    before, after = (_laplacian_spread(one, region) for one in (grey_of(draw), _grey(sample)))
    return after / before if before > 0 else 1.0


def guided_edge_f1(draw: Draw, sample: SyntheticSample) -> float:
    """Edge F1 inside the edit region against the lesion prior's image, of which the control images are made.

    It is what canny guidance asks of the model: edges that crossed the region before still cross it.
    """
    return edge_f1(_grey(sample), _grey(draw.prior), sample.edit_region[0].numpy())


def seconds(sample: SyntheticSample) -> float:
    """Seconds that the sample took: drawing, control images, encoding, denoising, decoding, composing."""
    return float(sum(sample.timings.values()))


def region_crop(sample: SyntheticSample) -> Grey:
    """The square round the edit region that the encoder sees, in which two settings' results are compared.

    Their distance in its features asks whether both painted the same to an eye that knows radiographs, beyond
    grain and contrast. The prior alone gives its scale.
    """
    return square_round(_grey(sample), sample.edit_region[0].numpy())


def grey_of(draw: Draw) -> Grey:
    """The film of a draw as grey `(H, W)`."""
    return to_grey(draw.film.source.pixels, draw.film.source.value_range)


def pair_of(draw: Draw, sample: SyntheticSample) -> tuple[EvaluationImage, EvaluationImage]:
    """Sample and film as the evaluation takes them."""
    film = EvaluationImage(
        name=draw.digest, pixels=draw.film.source.pixels, value_range=draw.film.source.value_range, label="",
        patient=draw.film.patient, digest=draw.film.source.digest,
    )  # fmt: skip
    painted = replace(
        film, pixels=sample.image, origin="painted", source=film.digest, mask=sample.mask[0].numpy(),
        edit_region=sample.edit_region[0].numpy(),
    )  # fmt: skip
    return painted, film


def as_floats(row: Mapping[str, float | str]) -> dict[str, float]:
    """The numbers of a row of `anatomy_kept`."""
    return {name: float(value) for name, value in row.items() if name != "name"}


def _grey(sample: SyntheticSample) -> Grey:
    return to_grey(sample.image, sample.value_range)


def _laplacian_spread(grey: Grey, region: BoolMap) -> float:
    return float(np.std(cv2.Laplacian(grey, cv2.CV_32F)[region]))
