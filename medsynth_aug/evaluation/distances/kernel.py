"""Kernel distance between two sets of features (KID, once the features are Inception's)."""

import numpy as np
import torch
from numpy.typing import NDArray
from torchmetrics.image.kid import poly_kernel

from medsynth_aug.evaluation.distances.frechet import Features
from medsynth_aug.evaluation.figures import Figure, patient_weights, percentile_interval, refusal

FEWEST = 10
"""Images a side below which the figure is refused."""

Kernel = NDArray[np.float64]


def kernel_distance(real: Features, synthetic: Features) -> float:
    """Unbiased squared maximum mean discrepancy under the cubic kernel of two sets `(N, D)` and `(M, D)`.

    Bińkowski et al., "Demystifying MMD GANs", ICLR 2018; the U-statistic of Gretton et al., JMLR 13 (2012)
    723, on all images rather than on random subsets. It may be below zero, and is zero on average for one
    distribution. torchmetrics gives the kernel; its sum holds for sets of equal size only.
    """
    kernels = _kernels(real, synthetic)
    return float(_discrepancy(*kernels, np.ones((1, len(real))), np.ones((1, len(synthetic))))[0])


def kernel_figure(
    real: Features,
    synthetic: Features,
    *,
    real_patients: tuple[str, ...],
    synthetic_patients: tuple[str, ...],
    name: str = "KID",
    seed: int = 0,
) -> Figure:
    """The distance with its interval over patients; refused below `FEWEST` images on either side.

    An image that was drawn twice is never compared with itself, so the resamples are unbiased too.
    """
    n = {"real": len(real), "synthetic": len(synthetic)}
    if min(n.values()) < FEWEST:
        return refusal(name, f"needs at least {FEWEST} images a side", n=n)
    rng = np.random.default_rng(seed)
    drawn = _discrepancy(
        *_kernels(real, synthetic),
        patient_weights(real_patients, rng).astype(float),
        patient_weights(synthetic_patients, rng).astype(float),
    )
    low, high = percentile_interval(drawn)
    return Figure(name=name, value=kernel_distance(real, synthetic), low=low, high=high, n=n)


def _kernels(real: Features, synthetic: Features) -> tuple[Kernel, Kernel, Kernel]:
    x, y = (torch.from_numpy(np.ascontiguousarray(one)).double() for one in (real, synthetic))
    return poly_kernel(x, x).numpy(), poly_kernel(y, y).numpy(), poly_kernel(x, y).numpy()


def _discrepancy(xx: Kernel, yy: Kernel, xy: Kernel, wx: Kernel, wy: Kernel) -> Kernel:
    """One estimate for each row of weights: `wx` is `(R, N)` and `wy` `(R, M)`."""
    across = np.einsum("rn,nm,rm->r", wx, xy, wy, optimize=True) / (wx.sum(1) * wy.sum(1))
    return _within(xx, wx) + _within(yy, wy) - 2 * across


def _within(kernel: Kernel, weights: Kernel) -> Kernel:
    """Mean of the kernel over pairs of different images."""
    total = np.einsum("rn,nm,rm->r", weights, kernel, weights, optimize=True)
    itself = weights**2 @ np.diag(kernel)
    pairs = weights.sum(1) ** 2 - (weights**2).sum(1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(pairs > 0, (total - itself) / pairs, np.nan)
