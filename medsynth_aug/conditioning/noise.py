"""High-frequency noise removal, so that edges and depth follow anatomy instead of detector grain."""

import cv2
import numpy as np

from medsynth_aug.types import Grey

_LAPLACIAN_DIFFERENCE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


def estimate_noise(grey: Grey) -> float:
    """Standard deviation of additive noise, in grey units.

    Immerkær, "Fast noise variance estimation", Computer Vision and Image Understanding 64 (1996) 300:
    the mean absolute response to the difference of two Laplacians, which is blind to planes and most edges.
    """
    response = np.abs(cv2.filter2D(grey, cv2.CV_32F, _LAPLACIAN_DIFFERENCE))
    return float(np.sqrt(np.pi / 2) / 6 * response.mean())


def remove_noise(grey: Grey, *, strength: float = 3.0) -> Grey:
    """The image without its grain, borders kept: a bilateral filter scaled to the noise that is there.

    Tomasi and Manduchi, "Bilateral filtering for gray and color images", ICCV 1998.

    Args:
        grey: `(H, W)` float32.
        strength: Range of grey values that is averaged, in standard deviations of the noise, above 0.
    """
    sigma = estimate_noise(grey)
    if sigma < 1e-5:
        return grey.copy()
    calm = cv2.bilateralFilter(grey, d=5, sigmaColor=strength * sigma, sigmaSpace=1.5)
    return np.asarray(calm, np.float32)
