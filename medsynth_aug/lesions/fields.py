"""Smooth maps that the intensity and shape priors share: from binary maps, and from chance."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt
from scipy.special import ndtri

from medsynth_aug.lesions.scene import window_of
from medsynth_aug.types import BoolMap, Grey


def depth_px(mask: BoolMap) -> Grey:
    """Distance in pixels from each pixel of the mask to the nearest one outside it; 0 outside.

    A mask without an outside gets the diagonal of the grid. The same mask gives the same bits each time,
    which OpenCV's `distanceTransform` does not: it differs in the last digits from call to call.
    """
    depth = np.zeros(mask.shape, np.float32)
    if mask.all():
        depth[:] = np.hypot(*mask.shape)
    elif mask.any():
        # The nearest pixel outside the mask lies at most one pixel beyond the mask's box.
        window = window_of(mask, 1)
        depth[window] = distance_transform_edt(mask[window])
    return depth


def blur(values: Grey, sigma_px: float) -> Grey:
    """Gaussian blur; the border is mirrored. Wide kernels run on a coarser grid."""
    if sigma_px < 0.3:
        return values.astype(np.float32)
    step = int(sigma_px // 4)
    height, width = values.shape
    if step < 2 or min(height, width) < 4 * step:
        return np.asarray(cv2.GaussianBlur(values.astype(np.float32), (0, 0), sigma_px), np.float32)
    coarse = cv2.resize(
        values.astype(np.float32), (-(-width // step), -(-height // step)), interpolation=cv2.INTER_AREA
    )
    coarse = cv2.GaussianBlur(coarse, (0, 0), sigma_px / step)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def smoothstep(values: NDArray[np.floating[Any]]) -> Grey:
    """0 below 0, 1 above 1, with a smooth rise between."""
    share = np.clip(values, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def share_in_domain(mask: BoolMap, domain: BoolMap, sigma_px: float) -> Grey:
    """Gaussian share of the domain near each pixel that lies in the mask, in [0, 1].

    Unlike a plain blur it does not fade where mask and domain end together (at the chest wall).
    """
    inside = blur((mask & domain).astype(np.float32), sigma_px)
    return np.clip(inside / np.maximum(blur(domain.astype(np.float32), sigma_px), 1e-4), 0, 1)


def distance_to_edge(mask: BoolMap, domain: BoolMap, sigma_px: float) -> Grey:
    """Signed distance in pixels to the part of the mask's edge that lies inside the domain; positive inside.

    Exact to a fraction of a pixel near a smooth edge, saturating three sigma away: the inverse of the
    Gaussian integral that a straight edge blurs to.
    """
    share = share_in_domain(mask, domain, sigma_px)
    return np.asarray(sigma_px * ndtri(np.clip(share, 1e-3, 1 - 1e-3)), np.float32)


def random_field(shape: tuple[int, int], scale_px: float, rng: np.random.Generator) -> Grey:
    """Smooth Gaussian chance of about zero mean and unit spread, whose blobs are about `scale_px` wide."""
    step = max(1.0, 0.5 * scale_px)
    rows, columns = int(shape[0] / step) + 4, int(shape[1] / step) + 4
    coarse = cv2.GaussianBlur(rng.standard_normal((rows, columns)).astype(np.float32), (0, 0), 0.8)
    coarse = (coarse - coarse.mean()) / max(float(coarse.std()), 1e-6)
    wide = cv2.resize(coarse, (int(columns * step) + 1, int(rows * step) + 1), interpolation=cv2.INTER_CUBIC)
    return np.asarray(wide[: shape[0], : shape[1]], np.float32)
