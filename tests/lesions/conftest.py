import numpy as np
import pytest

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.lesions.scene import Scene
from medsynth_aug.types import BoolMap, Spacing


def make_thorax(
    shape: tuple[int, int] = (288, 288),
    spacing_mm: float = 1.2,
    sides: str = "both",
    keep: BoolMap | None = None,
) -> Scene:
    """Dark lungs in soft tissue, with ribs as bright bands, vessels as thin short lines, and grain."""
    rng = np.random.default_rng(0)
    right, left = schematic_lungs(shape).numpy()
    rows, columns = np.mgrid[: shape[0], : shape[1]] * spacing_mm
    grey = np.where(right | left, 0.3, 0.75)
    middle = shape[1] * spacing_mm / 2
    arch = (rows + 0.0025 * (columns - middle) ** 2) % 28
    grey += 0.12 * (np.abs(arch - 14) < 5) * (right | left)
    for _ in range(60):
        row, column = (int(rng.integers(size)) for size in shape)
        grey[row : row + 2, column : column + 9] += 0.1
    grey = np.clip(grey + rng.normal(0, 0.01, shape), 0, 1).astype(np.float32)
    nothing = np.zeros(shape, bool)
    return Scene(
        grey=grey,
        right_lung=right if sides in ("both", "right") else nothing,
        left_lung=left if sides in ("both", "left") else nothing,
        spacing=Spacing(spacing_mm, spacing_mm),
        keep=nothing if keep is None else keep,
    )


@pytest.fixture(scope="session")
def thorax() -> Scene:
    return make_thorax()
