"""What the benchmark of the data path runs, and the goals that were stated before."""

from dataclasses import dataclass

from medsynth_aug.errors import SettingError

PARTS = ("fetch", "stall", "plan", "bank", "ranks")
"""What is measured, in the order in which it runs."""

FETCH_GOAL = 1.1
"""Most times as long as a plain item that a cached one may take."""

STALL_GOAL = 0.02
"""Largest share of synthetic items that may be late, and of a step by which it may be longer, when warm."""

RANKS_GOAL = 1.9
"""Least times as fast that two ranks must be as one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSettings:
    """How often and how much is measured.

    Args:
        parts: Which of `PARTS` run.
        rounds: Rounds that are timed, at least 1; what is compared takes turns within each.
        films: Films that are painted into, at least 2.
        steps: Training steps of a round, at least 2.
        workers: DataLoader workers, at least 1.
        batch_size: Items of a training step, at least 2.
        planned: Samples of the large plan, at least 1,000.
        records: Records of the large bank, at least 1,000.
        generated: Samples that one rank makes in a round, at least 2.
        engine_s: Seconds that the slow engine of the cold bank takes for a sample, above 0.
        checkpoint: What the ranks paint with: `"starter"`, a diffusers folder or a Hub id; `"none"`: an
            engine without weights that multiplies matrices for about as long.

    Raises:
        SettingError: If a value is out of its range.
    """

    parts: tuple[str, ...] = PARTS
    rounds: int = 5
    films: int = 16
    steps: int = 24
    workers: int = 2
    batch_size: int = 8
    planned: int = 1_000_000
    records: int = 1_000_000
    generated: int = 16
    engine_s: float = 0.25
    checkpoint: str = "starter"

    def __post_init__(self) -> None:
        unknown = [part for part in self.parts if part not in PARTS]
        if unknown or not self.parts:
            raise SettingError(f"part {', '.join(unknown) or 'is missing'}; choose from {', '.join(PARTS)}")
        for name, least in _LEAST.items():
            if getattr(self, name) < least:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be at least {least}")
        if not self.engine_s > 0:
            raise SettingError(f"engine_s is {self.engine_s}; it must be above 0")


_LEAST = {
    "rounds": 1, "films": 2, "steps": 2, "workers": 1, "batch_size": 2, "planned": 1000, "records": 1000,
    "generated": 2,
}  # fmt: skip

QUICK: dict[str, int | str] = {
    "rounds": 2, "films": 8, "steps": 8, "planned": 20_000, "records": 20_000, "generated": 8,
    "checkpoint": "none",
}  # fmt: skip
"""Values of a run of about a minute, which shows that all works and little else."""
