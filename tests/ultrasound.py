"""An ultrasound image without lungs, the organ in it, and a dark lesion of its own."""

import numpy as np

from medsynth_aug.lesions import Lesion, Prior

MODALITY = "breast ultrasound"
SHAPE = (130, 150)
SPACING_MM = (0.2, 0.2)
CYST = Lesion(
    name="dark mass",
    prompt=f"{MODALITY}, cyst",
    placement=Prior("anywhere", parameters={"clearance_mm": 4.0}),
    shape=Prior("lobulated", parameters={"inside_lung": False}),
    intensity=Prior("gain", parameters={"gain": [0.2, 0.4]}),
    size_mm=(5.0, 8.0),
    margin_mm=2.0,
)


def speckled(seed: int) -> np.ndarray:
    """Tissue that darkens with depth, with multiplicative speckle, under a bright band of skin."""
    rng = np.random.default_rng(seed)
    tissue = np.linspace(190, 90, SHAPE[0])[:, None] * (0.7 + 0.3 * rng.rayleigh(0.8, SHAPE))
    tissue[:8] += 60
    return np.clip(tissue, 0, 255).astype(np.uint8)


def gland() -> np.ndarray:
    """Where the organ lies: a band across the middle."""
    mask = np.zeros(SHAPE, bool)
    mask[40:100, 10:140] = True
    return mask
