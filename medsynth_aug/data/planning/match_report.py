"""How well a plan matches confounders: real and planned shares of every stratum of every class."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.data.items.labels import ClassKey, Labels
from medsynth_aug.data.planning.confounders import Strata
from medsynth_aug.data.planning.planned_samples import PlannedSamples
from medsynth_aug.data.planning.text_table import text_table

ROWS_SHOWN = 24
"""Strata that a summary lists; the report holds all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchedStratum:
    """One class in one stratum.

    Args:
        key: Class or column.
        name: What the data set calls it.
        values: Values of the matched attributes.
        backgrounds: Background items in which the class may be painted.
        real: Real items that have the class.
        planned: Samples planned for it.
        real_share: Share of the real items of the class, in [0, 1].
        planned_share: Share of its planned samples, in [0, 1]; 0 where none is planned.
    """

    key: ClassKey
    name: str
    values: tuple[str, ...]
    backgrounds: int
    real: int
    planned: int
    real_share: float
    planned_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchReport:
    """Real and planned samples of each class by stratum.

    Args:
        attributes: Names of the matched attributes.
        strata: Every stratum in which a class has real items.
    """

    attributes: tuple[str, ...]
    strata: tuple[MatchedStratum, ...]

    def distance(self, key: ClassKey) -> float:
        """Total variation distance of planned from real shares of a class: 0 equal, 1 nothing in common."""
        own = [stratum for stratum in self.strata if stratum.key == key]
        return sum(abs(stratum.real_share - stratum.planned_share) for stratum in own) / 2

    def table(self, rows: int | None = None) -> str:
        """The report for people, at most so many rows."""
        head = ("class", *self.attributes, "backgrounds", "real", "planned", "real share", "planned share")
        shown = [
            (s.name, *s.values, str(s.backgrounds), str(s.real), str(s.planned), f"{s.real_share:.1%}",
             f"{s.planned_share:.1%}")
            for s in self.strata[:rows]
        ]  # fmt: skip
        lines = text_table(head, shown)
        if rows is not None and len(self.strata) > rows:
            lines.append(f"and {len(self.strata) - rows} more strata in plan.match_report")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The report as JSON-serialisable data; `from_json` gives it back equal."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "MatchReport":
        """The report that `to_json` wrote."""
        strata = (MatchedStratum(**{**one, "values": tuple(one["values"])}) for one in data["strata"])
        return cls(attributes=tuple(data["attributes"]), strata=tuple(strata))


def report_match(
    strata: Strata, labels: Labels, backgrounds: NDArray[np.bool_], samples: PlannedSamples
) -> MatchReport | None:
    """The report of these samples, or None where nothing is matched."""
    if not strata.attributes:
        return None
    of_sample, found = strata.of_item[samples.indices], []
    for number, (key, _) in enumerate(samples.settings.lesions):
        positives = labels.positives(key)
        real, open_to_it = strata.counts(positives), strata.counts(backgrounds & ~positives)
        planned = np.bincount(of_sample[samples.lesions == number], minlength=len(strata.values))
        found += [
            MatchedStratum(
                key=key, name=labels.name(key), values=strata.values[stratum],
                backgrounds=int(open_to_it[stratum]), real=int(real[stratum]), planned=int(planned[stratum]),
                real_share=float(real[stratum] / real.sum()),
                planned_share=float(planned[stratum] / max(1, planned.sum())),
            )
            for stratum in np.flatnonzero(real).tolist()
        ]  # fmt: skip
    return MatchReport(attributes=strata.attributes, strata=tuple(found))
