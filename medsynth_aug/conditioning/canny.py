"""Canny edges whose thresholds follow the exposure of the image."""

import cv2
import numpy as np

from medsynth_aug.types import Grey

HIGH_PERCENTILE = 90.0
"""Share of pixels, in percent, whose gradient lies under the upper threshold."""

LOW_TO_HIGH = 0.4
"""Lower over upper threshold; Canny (1986) advises one half to one third."""


def canny(grey: Grey, *, sigma_px: float = 1.0) -> Grey:
    """Edge map `(H, W)` float32, 1 on an edge and 0 elsewhere.

    Canny, "A computational approach to edge detection", IEEE TPAMI 8 (1986) 679. The thresholds are
    percentiles of the gradient over the part of the image that varies, so a pale and a dark film, of 8 or of
    16 bits, give the same edges.

    Args:
        grey: `(H, W)` float32 in any range.
        sigma_px: Gaussian smoothing before the gradient, in pixels.
    """
    smooth = cv2.GaussianBlur(grey, (0, 0), sigma_px)
    dx, dy = (cv2.Sobel(smooth, cv2.CV_32F, 1 - axis, axis) for axis in (0, 1))
    magnitude = np.abs(dx) + np.abs(dy)  # the norm that cv2.Canny uses by default
    varying = magnitude[magnitude > 1e-4]
    if varying.size == 0:
        return np.zeros_like(grey)
    high = float(np.percentile(varying, HIGH_PERCENTILE))
    scale = 4000 / high  # 16-bit gradients, as cv2.Canny takes them, with room for eight times the threshold
    steps = [np.clip(d * scale, -32000, 32000).astype(np.int16) for d in (dx, dy)]
    return (cv2.Canny(steps[0], steps[1], 4000 * LOW_TO_HIGH, 4000) > 0).astype(np.float32)
