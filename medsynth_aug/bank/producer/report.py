"""What producing on the fly has come to: how often readers had to wait, and how fast samples were made."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductionReport:
    """Counts since the producer was opened, over all its readers.

    Args:
        epoch: The epoch that the readers are in.
        served: Synthetic items that were read.
        late: Those of them whose sample was not there when it was asked for.
        substituted: Those of the late ones for which an earlier draw was served.
        waited_s: Seconds for which readers waited, summed over them.
        made: Samples made.
        refused: Draws that were refused.
        busy_s: Seconds that making them took.
        starts: How often a producer process was started; more than 1 if one was killed.
    """

    epoch: int
    served: int
    late: int
    substituted: int
    waited_s: float
    made: int
    refused: int
    busy_s: float
    starts: int

    @property
    def stall_rate(self) -> float | None:
        """Share of the served items that were late, in [0, 1]; None before the first one."""
        return self.late / self.served if self.served else None

    @property
    def samples_per_s(self) -> float | None:
        """Samples made in a second of work; None before the first one."""
        return self.made / self.busy_s if self.busy_s > 0 else None

    def __str__(self) -> str:
        late = (
            "" if self.stall_rate is None else f", {self.stall_rate:.1%} late ({self.waited_s:.1f} s waited)"
        )
        rate = "" if self.samples_per_s is None else f" at {self.samples_per_s:.1f} a second"
        old = f", {self.substituted} earlier ones served instead" if self.substituted else ""
        return f"epoch {self.epoch}: {self.served} synthetic items served{late}{old}; {self.made} made{rate}"
