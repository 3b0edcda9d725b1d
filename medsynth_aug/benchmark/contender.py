"""What is timed: a named way to paint a case, with everything that decides its speed."""

from collections.abc import Callable
from dataclasses import dataclass

from medsynth_aug.benchmark.cases import Case

OURS, OURS_COLD, OURS_SINGLE, OURS_EQUAL_STEPS = (
    "ours", "ours, nothing cached", "ours, one image a call", "ours at stock's steps",
)  # fmt: skip
STOCK, STOCK_OUR_STEPS, STOCK_BEST = (
    "stock as called", "stock as called, at our steps", "stock at its best",
)  # fmt: skip

COMPARISONS = (
    (OURS, STOCK),
    (OURS_COLD, STOCK),
    (OURS_SINGLE, STOCK),
    (OURS_EQUAL_STEPS, STOCK),
    (OURS, STOCK_OUR_STEPS),
    (OURS, STOCK_BEST),
)
"""Which of ours is set against which of stock's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One way to paint.

    Args:
        name: How the report calls it.
        steps: Denoising steps that are run.
        guidance_scale: Classifier-free guidance; 1 is off.
        batch_size: Images a call.
        dtype: Precision of the weights.
        scheduler: Name of the scheduler.
        paint: Paints a case `batch_size` times; the number of the round changes every draw of chance.
    """

    name: str
    steps: int
    guidance_scale: float
    batch_size: int
    dtype: str
    scheduler: str
    paint: Callable[[Case, int], None]
