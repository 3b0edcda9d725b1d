"""What a comparison of two reports says, as values."""

from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar

from medsynth_aug.evaluation.figures import Figure
from medsynth_aug.evaluation.report.document import Inputs, Model, now
from medsynth_aug.evaluation.report.plain import figure_to_json, finite
from medsynth_aug.evaluation.report.section import Gate
from medsynth_aug.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpaired:
    """A figure of both reports that holds no values an image in common.

    Args:
        group: Heading of its group.
        first: In the first report.
        second: In the second.
    """

    group: str
    first: Figure
    second: Figure

    @property
    def difference(self) -> float | None:
        """Second minus first estimate; None where one was not measured."""
        if self.first.value is None or self.second.value is None:
            return None
        return self.second.value - self.first.value

    def to_json(self) -> dict[str, Any]:
        """The figure as JSON-serialisable data."""
        return {
            "group": self.group,
            "name": self.first.name,
            "difference": finite(self.difference),
            "note": "unpaired",
            "first": figure_to_json(self.first),
            "second": figure_to_json(self.second),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class SectionComparison:
    """One section of both reports.

    Args:
        key: Its fixed name.
        title: Its heading.
        statuses: Status in the first and in the second report; "absent" where it has no such section.
        gates: Gate in either.
        paired: Mean of second minus first over the images that both measured, with n pairs.
        unpaired: Figures without values an image in common.
        only_first: Figures that only the first report has.
        only_second: Figures that only the second report has.
    """

    key: str
    title: str
    statuses: tuple[str, str]
    gates: tuple[Gate | None, Gate | None]
    paired: tuple[Figure, ...]
    unpaired: tuple[Unpaired, ...]
    only_first: tuple[str, ...]
    only_second: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON-serialisable data."""
        return {
            "key": self.key,
            "title": self.title,
            "statuses": list(self.statuses),
            "gates": finite(self.gates),
            "paired": [figure_to_json(one) for one in self.paired],
            "unpaired": [one.to_json() for one in self.unpaired],
            "only_first": list(self.only_first),
            "only_second": list(self.only_second),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What is said of one of the two reports.

    Args:
        created_at: When it was made.
        version: Version of medsynth-aug that made it.
        checkpoint: What painted.
        inputs: What was judged.
    """

    created_at: str
    version: str
    checkpoint: Model
    inputs: Inputs


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportComparison:
    """Second report minus first.

    Args:
        first: The report that is compared with.
        second: The report that is compared.
        extractor: What saw the images of both.
        differing_settings: Setting -> its value in the first and in the second; None where it is absent.
        sections: Their sections, in the order of the first report.
        seed: Seeds the intervals.
        created_at: When, in UTC, as ISO 8601.
        version: Version of medsynth-aug.
    """

    SCHEMA: ClassVar[str] = "medsynth-evaluation-comparison"
    SCHEMA_VERSION: ClassVar[int] = 1

    first: Run
    second: Run
    extractor: Model
    differing_settings: dict[str, list[Any]]
    sections: tuple[SectionComparison, ...]
    seed: int
    created_at: str = field(default_factory=now)
    version: str = __version__

    def to_json(self) -> dict[str, Any]:
        """The comparison as JSON-serialisable data."""
        return {
            "schema": self.SCHEMA,
            "schema_version": self.SCHEMA_VERSION,
            "created_at": self.created_at,
            "version": self.version,
            "seed": self.seed,
            "first": asdict(self.first),
            "second": asdict(self.second),
            "extractor": asdict(self.extractor),
            "differing_settings": finite(self.differing_settings),
            "sections": [one.to_json() for one in self.sections],
        }
