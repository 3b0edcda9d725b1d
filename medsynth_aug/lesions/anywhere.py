"""Priors for images without lungs (ultrasound, skin, slides): a place anywhere, and a gain in grey."""

import numpy as np

from medsynth_aug.errors import SettingError
from medsynth_aug.lesions.fields import blur, depth_px, random_field
from medsynth_aug.lesions.priors import register_prior
from medsynth_aug.lesions.scene import Scene, Side, Site, pasted, window_of
from medsynth_aug.types import BoolMap, Grey


@register_prior("placement", "anywhere")
def place_anywhere(scene: Scene, rng: np.random.Generator, *, clearance_mm: float = 5.0) -> Site | None:
    """A point of the anatomy, or of the whole image where there is none; every pixel is as likely.

    It lies at least `clearance_mm` from the border of the anatomy, the image and the keep-mask. Where there
    is no room for that, the clearance is halved, twice at most. Goes with shape prior "lobulated" with
    `inside_lung=False`, unless the outline shall be cut at the border of the anatomy.
    """
    anatomy = scene.lung("both")
    domain = (anatomy if anatomy.any() else np.ones(scene.shape, bool)) & ~scene.keep
    depth = depth_px(np.pad(domain, 1))[1:-1, 1:-1]
    for share in (1.0, 0.5, 0.25):
        rows, columns = np.nonzero(depth > scene.pixels(clearance_mm * share))
        if len(rows):
            index = int(rng.integers(len(rows)))
            row, column = int(rows[index]), int(columns[index])
            return Site(_side_of(scene, row, column), row, column)
    return None


def _side_of(scene: Scene, row: int, column: int) -> Side:
    """The plane of the anatomy that holds the point, else the half of the image, seen as a chest film is."""
    if scene.lung("both")[row, column]:
        return "right" if scene.right_lung[row, column] else "left"
    return "right" if column < scene.shape[1] / 2 else "left"


@register_prior("intensity", "gain")
def gain_in_grey(
    scene: Scene,
    site: Site,
    mask: BoolMap,
    rng: np.random.Generator,
    *,
    gain: tuple[float, float] = (0.3, 0.6),
    edge_mm: tuple[float, float] = (0.3, 1.0),
    mottle: float = 0.1,
    mottle_mm: float = 2.0,
) -> Grey:
    """Multiplies the grey values: below 1 darkens (hypoechoic mass, pigment of skin), above 1 brightens.

    Echoes and reflected light scale with the tissue under them, so its speckle or texture stays, in
    proportion, and black stays black. Contrast in units of lung and soft tissue, as "soft_tissue" has it,
    would say nothing here.

    Args:
        scene: The image with its anatomy, which is not asked.
        site: Where it lies.
        mask: `(H, W)` its outline.
        rng: Source of chance.
        gain: Range of the factor in the middle of the lesion, at least 0.
        edge_mm: Range of the blur at the edge; larger is an ill-defined lesion.
        mottle: Unevenness of the factor, as a share of it.
        mottle_mm: Width of its blobs.

    Raises:
        SettingError: If the gain is below 0.
    """
    if min(gain) < 0:
        raise SettingError(f"gain is {tuple(gain)}; grey is multiplied by it, so it must be at least 0")
    window = window_of(mask, scene.pixels(2.0 + 3 * edge_mm[1]))
    factor, edge_px = float(rng.uniform(*gain)), scene.pixels(float(rng.uniform(*edge_mm)))
    body = blur(mask[window].astype(np.float32), edge_px)
    unevenness = 1 + mottle * random_field(body.shape, scene.pixels(mottle_mm), rng)
    inside = np.maximum(factor * unevenness, 0)
    return pasted(scene, window, np.asarray(scene.grey[window] * (1 + body * (inside - 1)), np.float32))
