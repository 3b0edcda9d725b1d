"""A plan: every sample that rebalancing asks for, as values that can be counted, shown and saved."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medsynth_aug.data.labels import ClassKey
from medsynth_aug.data.strategy import Quota
from medsynth_aug.errors import PlanError
from medsynth_aug.synthesis.digest import digest_json
from medsynth_aug.synthesis.request import SynthesisRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSample:
    """One sample of a plan.

    Args:
        request: What is to be made.
        key: Class or column that its lesion gives the item.
        index: Item of the training data that it is painted into.
        patient: Patient of that item.
    """

    request: SynthesisRequest
    key: ClassKey
    index: int
    patient: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClassCount:
    """What a plan does to one class.

    Args:
        key: Class or column.
        name: What the data set calls it.
        lesion: Lesion that fills it, or None if it is left alone.
        before: Real items that have it.
        after: Real and synthetic items that have it.
    """

    key: ClassKey
    name: str
    lesion: str | None
    before: int
    after: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What rebalancing asks for. Frozen; nothing is made before `generate` is called with its requests.

    Args:
        samples: Every sample, in the order of its place in the data set.
        quotas: Samples wanted and granted for each lesion's class; wanted is before the cap.
        counts: Every class before and after.
        seed: The seed that decided it.
    """

    samples: tuple[PlannedSample, ...]
    quotas: Mapping[ClassKey, Quota]
    counts: tuple[ClassCount, ...]
    seed: int

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def requests(self) -> tuple[SynthesisRequest, ...]:
        """The request of each sample, in order."""
        return tuple(sample.request for sample in self.samples)

    @property
    def digest(self) -> str:
        """Digest of all that is asked, whichever engine makes it."""
        return digest_json([replace(request, engine="").digest for request in self.requests])

    @property
    def engine(self) -> str:
        """Fingerprint of the synthesizer that it was made for; empty if it asks for nothing."""
        return self.samples[0].request.engine if self.samples else ""

    def for_engine(self, engine: str) -> "Plan":
        """The same plan for another synthesizer, by its fingerprint."""
        samples = tuple(
            replace(sample, request=replace(sample.request, engine=engine)) for sample in self.samples
        )
        return replace(self, samples=samples)

    def summary(self) -> str:
        """A table of all classes: real, wanted, granted and total, for people."""
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
        widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
        lines = [
            "  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in (head, *rows)
        ]
        patients = len({sample.patient for sample in self.samples})
        return "\n".join(
            [*lines, f"{len(self)} samples, painted into images of {patients} patients, seed {self.seed}"]
        )

    def to_json(self) -> dict[str, Any]:
        """The plan as JSON-serialisable data; `from_json` gives it back equal."""
        return {
            "seed": self.seed,
            "quotas": [[key, quota.wanted, quota.granted] for key, quota in self.quotas.items()],
            "counts": [[c.key, c.name, c.lesion, c.before, c.after] for c in self.counts],
            "samples": [
                {"request": s.request.to_json(), "key": s.key, "index": s.index, "patient": s.patient}
                for s in self.samples
            ],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Plan":
        """The plan that `to_json` wrote."""
        return cls(
            samples=tuple(
                PlannedSample(**{**entry, "request": SynthesisRequest.from_json(entry["request"])})
                for entry in data["samples"]
            ),
            quotas={key: Quota(wanted, granted) for key, wanted, granted in data["quotas"]},
            counts=tuple(
                ClassCount(key=key, name=name, lesion=lesion, before=before, after=after)
                for key, name, lesion, before, after in data["counts"]
            ),
            seed=data["seed"],
        )

    def save(self, path: str | Path) -> None:
        """Write the plan as JSON. It names patients and digests of real images: keep it to yourself."""
        Path(path).write_text(json.dumps(self.to_json()), encoding="utf-8")

    @classmethod
    def load(cls, path: str | Path) -> "Plan":
        """The plan in a file that `save` wrote.

        Raises:
            PlanError: If the file is missing or no plan.
        """
        try:
            return cls.from_json(json.loads(Path(path).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError) as problem:
            raise PlanError(f"{path} holds no plan ({problem}); write it with plan.save(path)") from problem


def granted_of(quotas: Mapping[ClassKey, Quota], kept: Collection[PlannedSample]) -> dict[ClassKey, Quota]:
    """The quotas when only these samples came about."""
    made = [sample.key for sample in kept]
    return {key: Quota(quota.wanted, made.count(key)) for key, quota in quotas.items()}
