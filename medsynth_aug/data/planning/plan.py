"""A plan: every sample that rebalancing asks for, as values that can be counted, shown and saved."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path

from medsynth_aug.data.items.labels import ClassKey
from medsynth_aug.data.planning.class_counts import ClassCount
from medsynth_aug.data.planning.cost import PlanCost, cost_of
from medsynth_aug.data.planning.match_report import ROWS_SHOWN, MatchReport
from medsynth_aug.data.planning.plan_file import read_plan, write_plan
from medsynth_aug.data.planning.planned_samples import PlannedRequests, PlannedSamples, digest_samples
from medsynth_aug.data.planning.strategy import Quota
from medsynth_aug.data.planning.text_table import text_table


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What rebalancing asks for. Frozen; nothing is made before `generate` is called with its requests.

    Args:
        samples: Every sample, in the order of its place in the data set; a lazy sequence.
        shams: Edits without a lesion that replace their items; a lazy sequence.
        quotas: Samples wanted and granted for each lesion's class; wanted is before the caps.
        counts: Every class before and after.
        match_report: How the samples match the attributes that were named, or None.
        notes: What could not be done as asked, a sentence each.
        seed: The seed that decided it.
    """

    samples: PlannedSamples
    shams: PlannedSamples
    quotas: Mapping[ClassKey, Quota]
    counts: tuple[ClassCount, ...]
    match_report: MatchReport | None
    notes: tuple[str, ...]
    seed: int

    def __len__(self) -> int:
        return len(self.samples)

    @cached_property
    def requests(self) -> PlannedRequests:
        """The request of each sample, in order, and then those of the shams; a lazy sequence."""
        return PlannedRequests(self._everything)

    @cached_property
    def digest(self) -> str:
        """Digest of all that is asked, whichever engine makes it."""
        return digest_samples(self._everything)

    @property
    def engine(self) -> str:
        """Fingerprint of the synthesizer that it was made for."""
        return self.samples.settings.engine

    @property
    def _everything(self) -> PlannedSamples:
        return self.samples.followed_by(self.shams)

    def for_engine(self, engine: str) -> "Plan":
        """The same plan for another synthesizer, by its fingerprint."""
        return replace(self, samples=self.samples.for_engine(engine), shams=self.shams.for_engine(engine))

    def cost(
        self, *, seconds_per_sample: float | None = None, timed: int | None = None, copies: bool = False
    ) -> PlanCost:
        """What it takes to carry the plan out from an empty bank; `str()` of it is for people.

        Args:
            seconds_per_sample: A rate that you measured with your engine and device; None leaves time out.
            timed: How many samples it was measured on.
            copies: Whether the bank keeps copies of the sources, as it does on the fly.

        Raises:
            SettingError: If the rate is not finite and above 0.
        """
        return cost_of(self._everything, seconds_per_sample=seconds_per_sample, timed=timed, copies=copies)

    def summary(self) -> str:
        """All classes: real, wanted, granted and total; what could not be done, and the match; for people."""
        head = ("class", "lesion", "real", "wanted", "granted", "total")
        rows = [
            (
                count.name,
                count.lesion or "",
                str(count.before),
                *(str(n) for n in self.quotas.get(count.key, ("", ""))),
                str(count.after),
            )
            for count in self.counts
        ]
        lines = [*text_table(head, rows), *self.notes]
        if self.match_report is not None:
            lines += ["", self.match_report.table(ROWS_SHOWN), ""]
        if self.shams:
            lines.append(f"{len(self.shams)} background items are replaced by a sham edit")
        patients = len({item.patient for item in self.samples.used_items})
        last = f"{len(self)} samples, painted into images of {patients} patients, seed {self.seed}"
        return "\n".join([*lines, last])

    def save(self, path: str | Path) -> None:
        """Write the plan as JSON lines, whole or not at all, in reasonable memory at any size.

        It names patients and digests of real images: keep it to yourself.

        Raises:
            BankFullError: If the disk is full.
            BankReadOnlyError: If the folder cannot be written.
        """
        write_plan(
            Path(path),
            self.samples,
            self.shams,
            quotas=[[key, *quota] for key, quota in self.quotas.items()],
            counts=[asdict(count) for count in self.counts],
            match=None if self.match_report is None else self.match_report.to_json(),
            notes=list(self.notes),
        )

    @classmethod
    def load(cls, path: str | Path) -> "Plan":
        """The plan in a file that `save` wrote, equal to it.

        Raises:
            PlanError: If the file is missing, damaged or no plan.
        """
        samples, shams, head = read_plan(Path(path))
        return cls(
            samples=samples,
            shams=shams,
            quotas={key: Quota(wanted, granted) for key, wanted, granted in head["quotas"]},
            counts=tuple(ClassCount(**count) for count in head["counts"]),
            match_report=None if head["match"] is None else MatchReport.from_json(head["match"]),
            notes=tuple(head["notes"]),
            seed=samples.settings.seed,
        )
