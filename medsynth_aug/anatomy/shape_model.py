"""A statistical shape model of both lung fields: the anatomy of patients who never lived."""

import hashlib
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file
from scipy.stats import truncnorm

from medsynth_aug.anatomy.landmarks import Points, fields_of
from medsynth_aug.errors import CheckpointError, SettingError

SHIPPED_SHAPES = Path(__file__).parent / "lung_shapes.safetensors"

ShapeGroup = Literal["child", "adult"]
"""Children of 1 to 5 years (AP), and adults (PA, and a few AP): what the model was fitted to."""

LIMIT_SD = 2.0
"""Every mode and the pose are drawn within so many standard deviations."""

TRIES = 200

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class LungShape:
    """The outlines of one pair of lungs.

    Args:
        points: `(POINTS, 2)` of x and y, in sides of the square that the image is letterboxed into.
    """

    points: Points

    def fields(self, shape: tuple[int, int]) -> torch.Tensor:
        """`(2, H, W)` bool, the patient's right and left lung field.

        Args:
            shape: `(H, W)`.
        """
        return fields_of(self.points, shape)

    def inspired(self, depth: float) -> "LungShape":
        """The same lungs at another depth of breath: the bases move, the apices stay.

        Args:
            depth: 1 is as it is; 1.04 has lungs that are 4 % taller.

        Raises:
            SettingError: If the depth is not between 0.8 and 1.2.
        """
        if not 0.8 <= depth <= 1.2:
            raise SettingError(f"depth is {depth}; a breath changes the lungs by a few percent: 0.8 to 1.2")
        top = self.points[:, 1].min()
        moved = self.points.copy()
        moved[:, 1] = top + (self.points[:, 1] - top) * depth
        return LungShape(moved)


@dataclass(frozen=True, slots=True, eq=False)
class LungShapeModel:
    """Mean and modes of aligned lung outlines, and how they lie in the image.

    Cootes, Taylor, Cooper and Graham, "Active shape models: their training and application", Computer Vision
    and Image Understanding 61 (1995) 38: a point distribution model. Outlines are aligned by generalised
    Procrustes analysis (Gower, Psychometrika 40 (1975) 33).

    Args:
        mean: `(2 P,)` mean outline, aligned: centred, of unit size.
        modes: `(K, 2 P)` orthonormal rows.
        spread: `(K,)` standard deviation along each mode.
        pose: `(4,)` mean of log size, angle in radians, and centre x and y.
        pose_spread: `(4, 4)` lower Cholesky factor of their covariance.
        known: `(n, K)` coefficients of the outlines that the model was fitted to.
        residual: `(n,)` root-mean-square distance of each of those from what the modes carry of it.
        nearest: `()` smallest distance between the outlines of any two patients among them.
    """

    mean: Array
    modes: Array
    spread: Array
    pose: Array
    pose_spread: Array
    known: Array
    residual: Array
    nearest: Array

    def draw(self, rng: np.random.Generator) -> LungShape:
        """Outlines that belong to nobody: within `LIMIT_SD` of the mean, and no copy of a fitted one.

        A draw that lies nearer to an outline of the fit than any two of those lie to one another is drawn
        anew, as is one that leaves the image or whose lungs cross.

        Args:
            rng: Source of chance.

        Raises:
            SettingError: If no draw can be used, which says that the model is not one of lungs.
        """
        for _ in range(TRIES):
            coefficients = self.spread * _limited(rng, len(self.spread))
            if self.distances(coefficients).min() < float(self.nearest):
                continue
            shape = self._placed(coefficients, self.pose + self.pose_spread @ _limited(rng, 4))
            if _plausible(shape.points):
                return shape
        raise SettingError(f"none of {TRIES} draws gave lungs inside the image; fit the shape model anew")

    def distances(self, coefficients: Array) -> Array:
        """`(n,)` root-mean-square distance of points to each outline of the fit, in units of aligned size.

        Args:
            coefficients: `(K,)` along the modes.
        """
        points = len(self.mean) // 2
        along = ((self.known - coefficients) ** 2).sum(1) / points
        return np.asarray(np.sqrt(along + self.residual**2))

    def _placed(self, coefficients: Array, pose: Array) -> LungShape:
        aligned = (self.mean + coefficients @ self.modes).reshape(-1, 2)
        size, angle, *centre = np.exp(pose[0]), *pose[1:]
        turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        return LungShape(size * aligned @ turn + np.asarray(centre))


def read_shapes(group: ShapeGroup, file: Path = SHIPPED_SHAPES) -> LungShapeModel:
    """The shape model of one group of patients.

    Args:
        group: "child" or "adult".
        file: What `write_shapes` wrote; by default the shipped one.

    Raises:
        SettingError: If there is no such group.
        CheckpointError: If the file is missing or not a shape model.
    """
    if group not in get_args(ShapeGroup):
        raise SettingError(f"group is {group!r}; choose from {', '.join(get_args(ShapeGroup))}")
    held = _load(file)
    try:
        return LungShapeModel(
            **{one.name: held[f"{group}.{one.name}"].astype(np.float64) for one in fields(LungShapeModel)}
        )
    except KeyError as problem:
        raise CheckpointError(f"{file} holds no shape model of {group} ({problem}); fit it anew") from problem


def write_shapes(models: dict[ShapeGroup, LungShapeModel], file: Path) -> None:
    """Write the shape models of several groups into one safetensors file, in fp16.

    Args:
        models: By group.
        file: Where to.
    """
    held = {
        f"{group}.{one.name}": np.array(getattr(model, one.name), np.float16, order="C")
        for group, model in models.items()
        for one in fields(LungShapeModel)
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(held, file)


@cache
def shapes_digest(file: Path = SHIPPED_SHAPES) -> str:
    """SHA-256 of the file that the shapes come from, or "none" where it is missing."""
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "none"


@cache
def _load(file: Path) -> dict[str, NDArray[np.float16]]:
    try:
        return dict(load_file(file))
    except (SafetensorError, OSError) as problem:
        raise CheckpointError(
            f"{file} cannot be read as a shape model ({problem}); reinstall medsynth-aug, or fit one"
        ) from problem


def _limited(rng: np.random.Generator, count: int) -> Array:
    """Standard normal draws, cut off at `LIMIT_SD`."""
    return np.asarray(truncnorm.ppf(rng.random(count), -LIMIT_SD, LIMIT_SD), np.float64)


def _plausible(points: Points) -> bool:
    """Whether all points lie in the image, and the right lung on the image's left at every height."""
    right, left = np.split(points, 2)
    inside = bool((points > 0.01).all() and (points < 0.99).all())
    return (
        inside
        and bool(right[:, 0].max() < left[:, 0].min() + 0.02)
        and not (fields_of(points, (128, 128)).all(0).any())
    )
