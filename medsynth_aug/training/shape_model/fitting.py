"""From outlines to a point distribution model: align, find the modes, note how near real ones lie."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import cdist
from skimage.transform import SimilarityTransform
from sklearn.decomposition import PCA

from medsynth_aug.anatomy.landmarks import Points
from medsynth_aug.anatomy.shape_model import Array, LungShapeModel
from medsynth_aug.errors import LabelError

VARIANCE = 0.95
"""Share of the variance of shape that the modes carry."""

FEWEST = 20


def fit_shapes(outlines: Sequence[Points], *, variance: float = VARIANCE) -> LungShapeModel:
    """The model of outlines, one a patient.

    Args:
        outlines: `(POINTS, 2)` each, in sides of the image's square.
        variance: Share of the variance of shape that the modes carry, in (0, 1).

    Raises:
        LabelError: If there are fewer than 20.
    """
    if len(outlines) < FEWEST:
        raise LabelError(f"{len(outlines)} outlines cannot say how lungs vary; give at least {FEWEST}")
    aligned, poses = align(outlines)
    flat = aligned.reshape(len(aligned), -1)
    pca = PCA(n_components=variance, svd_solver="full").fit(flat)
    known = pca.transform(flat)
    left_out = flat - pca.inverse_transform(known)
    covariance = np.cov(poses.T) + 1e-9 * np.eye(4)
    return LungShapeModel(
        mean=pca.mean_,
        modes=pca.components_,
        spread=np.sqrt(pca.explained_variance_),
        pose=poses.mean(0),
        pose_spread=np.asarray(np.linalg.cholesky(covariance), np.float64),
        known=known,
        residual=np.sqrt((left_out**2).sum(1) / aligned.shape[1]),
        nearest=np.asarray(nearest_of(flat).min()),
    )


def align(outlines: Sequence[Points], *, rounds: int = 10) -> tuple[Array, Array]:
    """Outlines without position, size and tilt, and the pose that puts each back.

    Generalised Procrustes analysis (Gower 1975) with least-squares similarities (Umeyama, IEEE PAMI 13 (1991)
    376).

    Args:
        outlines: `(P, 2)` each.
        rounds: How often the mean is renewed.

    Returns:
        `(n, P, 2)` aligned outlines; `(n, 4)` log size, angle in radians, centre x and y.
    """
    mean = _unit(outlines[0])
    upright = _unit(np.mean(outlines, axis=0))
    for _ in range(rounds):
        aligned = np.stack([_onto(mean, one) for one in outlines])
        mean = _onto(upright, _unit(aligned.mean(0)))
    poses = np.stack([_pose(mean, one) for one in outlines])
    return np.stack([_back(pose, one) for pose, one in zip(poses, outlines)]), poses


def nearest_of(flat: Array) -> Array:
    """Distance of every outline to the nearest other one, root-mean-square over the points.

    Args:
        flat: `(n, 2 P)` aligned outlines.
    """
    gaps = cdist(flat, flat) / np.sqrt(flat.shape[1] / 2)
    np.fill_diagonal(gaps, np.inf)
    return np.asarray(gaps.min(1))


def _unit(points: Points) -> Points:
    centred = points - points.mean(0)
    return np.asarray(centred / np.sqrt((centred**2).sum(1).mean()))


def _onto(target: Points, points: Points) -> Points:
    return np.asarray(SimilarityTransform.from_estimate(points, target)(points))


def _pose(mean: Points, points: Points) -> Array:
    found = SimilarityTransform.from_estimate(mean, points)
    return np.array([np.log(found.scale), found.rotation, *found.translation])


def _back(pose: Array, points: Points) -> Points:
    placed = SimilarityTransform(scale=np.exp(pose[0]), rotation=pose[1], translation=pose[2:])
    return np.asarray(placed.inverse(points))
