"""Fréchet distance between two sets of features (FID, once the features are Inception's)."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torchmetrics.image.fid import FrechetInceptionDistance

from medsynth_aug.evaluation.figures import Figure, patient_weights, refusal

RESAMPLES = 200

Features = NDArray[np.float32]


class _AsTheyAre(nn.Module):
    """Lets torchmetrics take features in the place of images."""

    def __init__(self, num_features: int) -> None:
        super().__init__()
        self.num_features = num_features

    def forward(self, features: Tensor) -> Tensor:
        """The features."""
        return features


def frechet_distance(real: Features, synthetic: Features) -> float:
    """Fréchet distance of the Gaussians that fit two sets `(N, D)` and `(M, D)`, by torchmetrics.

    Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash equilibrium",
    NeurIPS 2017.
    """
    metric = FrechetInceptionDistance(feature=_AsTheyAre(real.shape[1]))
    metric.update(torch.from_numpy(np.ascontiguousarray(real)).double(), real=True)
    metric.update(torch.from_numpy(np.ascontiguousarray(synthetic)).double(), real=False)
    return max(0.0, float(metric.compute()))


def frechet_figure(
    real: Features,
    synthetic: Features,
    *,
    real_patients: tuple[str, ...],
    synthetic_patients: tuple[str, ...],
    name: str = "FID",
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Figure:
    """The distance with its interval; refused below as many images as features on either side.

    The estimate is too high by an amount that falls with n (Chong and Forsyth, CVPR 2020) and each resample
    adds the same once more, so the interval is the basic one, which takes it off again (Davison and Hinkley,
    "Bootstrap Methods and their Application", 1997, chapter 5). It can lie below the estimate for that
    reason.
    """
    n, fewest = {"real": len(real), "synthetic": len(synthetic)}, real.shape[1]
    if min(n.values()) < fewest:
        return refusal(name, f"needs at least {fewest} images a side, as many as features", n=n)
    rng = np.random.default_rng(seed)
    value = frechet_distance(real, synthetic)
    drawn = []
    for ours, theirs in zip(
        patient_weights(real_patients, rng, resamples=resamples),
        patient_weights(synthetic_patients, rng, resamples=resamples),
    ):
        if min(ours.sum(), theirs.sum()) > 1:
            drawn.append(frechet_distance(np.repeat(real, ours, 0), np.repeat(synthetic, theirs, 0)))
    low, high = np.percentile(2 * value - np.asarray(drawn), (2.5, 97.5))
    note = "biased upwards by few images; read it beside the references of like n"
    return Figure(name=name, value=value, low=max(0.0, float(low)), high=float(high), n=n, note=note)
