"""Precision, recall, density and coverage: do real and synthetic images lie among each other?"""

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from medsynth_aug.evaluation.distances.frechet import Features
from medsynth_aug.evaluation.figures import Figure, mean_figure, refusal

NEIGHBOURS = 5
FEWEST = 20
"""Images a side below which the figures are refused."""

NAMES = ("precision", "recall", "density", "coverage")


def manifold_values(
    real: Features, synthetic: Features, *, neighbours: int = NEIGHBOURS
) -> dict[str, NDArray[np.float64]]:
    """One value an image of each figure, whose mean is the figure.

    Precision and recall: Kynkäänniemi et al., "Improved precision and recall metric for assessing generative
    models", NeurIPS 2019. Density and coverage: Naeem et al., "Reliable fidelity and diversity metrics for
    generative models", ICML 2020. A set is the union of balls round its images that reach their k-th
    neighbour.

    Args:
        real: `(N, D)`.
        synthetic: `(M, D)`.
        neighbours: k, below N and M.

    Returns:
        precision and density `(M,)`, recall and coverage `(N,)`.
    """
    across = np.linalg.norm(real[:, None] - synthetic[None], axis=2)
    reach_real, reach_synthetic = (_reach(one, neighbours) for one in (real, synthetic))
    in_real, in_synthetic = across <= reach_real[:, None], across <= reach_synthetic[None]
    return {
        "precision": in_real.any(0).astype(float),
        "recall": in_synthetic.any(1).astype(float),
        "density": in_real.sum(0) / neighbours,
        "coverage": in_real.any(1).astype(float),
    }


def manifold_figures(
    real: Features,
    synthetic: Features,
    *,
    real_patients: tuple[str, ...],
    synthetic_patients: tuple[str, ...],
    seed: int = 0,
) -> list[Figure]:
    """The four figures; the interval is over the patients that are counted, the balls held fixed."""
    n = {"real": len(real), "synthetic": len(synthetic)}
    if min(n.values()) < FEWEST:
        return [refusal(name, f"needs at least {FEWEST} images a side", n=n) for name in NAMES]
    values = manifold_values(real, synthetic)
    patients = {name: synthetic_patients for name in ("precision", "density")}
    figures = []
    for name in NAMES:
        one = mean_figure(name, values[name].tolist(), patients.get(name, real_patients), seed=seed)
        note = f"k = {NEIGHBOURS}; interval over the images counted, given the others"
        figures.append(Figure(name=name, value=one.value, low=one.low, high=one.high, n=n, note=note))
    return figures


def _reach(features: Features, neighbours: int) -> NDArray[np.float64]:
    """Distance of each image to its k-th neighbour, itself not counted."""
    found = NearestNeighbors(n_neighbors=neighbours + 1).fit(features).kneighbors(features)[0]
    return np.asarray(found[:, -1], float)
