"""What a benchmark runs, so that the report can state it."""

from dataclasses import dataclass

from medsynth_aug.errors import SettingError

STOCK_GUIDANCE_SCALE = 7.5
"""diffusers' own default, which most callers leave as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchmarkSettings:
    """How often and how long every contender runs.

    Args:
        repeats: Rounds that are timed, at least 1; every contender runs once in each.
        steps: Denoising steps of stock as users call it, at least 1.
        batch_size: Images a call where a contender takes batches, at least 1.
        size: Side of the image in pixels, at least 64 and a multiple of 64.

    Raises:
        SettingError: If a value is out of its range.
    """

    repeats: int = 3
    steps: int = 20
    batch_size: int = 4
    size: int = 512

    def __post_init__(self) -> None:
        for name in ("repeats", "steps", "batch_size"):
            if getattr(self, name) < 1:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if self.size < 64 or self.size % 64:
            raise SettingError(f"size is {self.size}; it must be a multiple of 64, at least 64")
