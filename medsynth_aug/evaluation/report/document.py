"""What a report says, as values: how an evaluation was made, and the sections that it found."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from typing import Any, ClassVar

from medsynth_aug.evaluation.images import ImageSet
from medsynth_aug.evaluation.report.plain import check_schema, finite
from medsynth_aug.evaluation.report.section import Section
from medsynth_aug.version import __version__

LIBRARIES = ("numpy", "scikit-image", "scikit-learn", "scipy", "torch", "torchmetrics", "torchvision")
"""Libraries whose versions a report states."""

Counts = dict[str, dict[str, int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A network that figures depend on.

    Args:
        name: What a person calls it; "" where there was none.
        digest: Digest or fingerprint of its weights; "" where there was none.
    """

    name: str = ""
    digest: str = ""

    def __str__(self) -> str:
        return f"{self.name} ({self.digest[:12]})" if self.digest else self.name or "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What was judged: names of both sides, and images a class and a stratum.

    Args:
        real: Name of the real images.
        synthetic: Name of the synthetic ones.
        classes: Class -> {"real": images, "synthetic": images}.
        strata: The same a stratum; "" stands for unknown.
    """

    real: str
    synthetic: str
    classes: Counts
    strata: Counts = field(default_factory=dict)


def inputs_of(real: ImageSet, synthetic: ImageSet) -> Inputs:
    """Names of two sets of images, with what they hold a class and a stratum."""

    def counted(part: str) -> Counts:
        ours, theirs = (Counter(getattr(one, part) for one in side) for side in (real, synthetic))
        return {name: {"real": ours[name], "synthetic": theirs[name]} for name in sorted({*ours, *theirs})}

    return Inputs(
        real=real.name, synthetic=synthetic.name, classes=counted("label"), strata=counted("stratum")
    )


def now() -> str:
    """The time in UTC as ISO 8601, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationReport:
    """One evaluation, whole: how it was made and what it found.

    Args:
        extractor: What saw the images.
        checkpoint: What painted them; empty where that is unknown.
        inputs: What was judged.
        settings: Every setting of the run, as JSON holds it.
        sections: What was measured, in order.
        created_at: When, in UTC, as ISO 8601.
        version: Version of medsynth-aug.
        libraries: Name -> version of each library that figures depend on.
    """

    SCHEMA: ClassVar[str] = "medsynth-evaluation"
    SCHEMA_VERSION: ClassVar[int] = 1

    extractor: Model
    checkpoint: Model = Model()
    inputs: Inputs
    settings: dict[str, Any] = field(default_factory=dict)
    sections: tuple[Section, ...] = ()
    created_at: str = field(default_factory=now)
    version: str = __version__
    libraries: dict[str, str] = field(default_factory=lambda: {one: version_of(one) for one in LIBRARIES})

    @property
    def title(self) -> str:
        """The report's heading."""
        return f"{self.inputs.synthetic} against {self.inputs.real}"

    @property
    def failed(self) -> tuple[str, ...]:
        """Titles of the sections that did not keep to their gate."""
        return tuple(one.title for one in self.sections if one.gate and not one.gate["passed"])

    def lines(self) -> Iterator[str]:
        """The report as plain lines for a terminal."""
        for section in self.sections:
            yield f"{section.title}: {section.status}" + (f" ({section.reason})" if section.reason else "")
            for group in section.groups:
                yield f"  {group.heading}"
                both = group.figures + group.reference
                yield from (f"    {figure}" for figure in both if figure.value is not None)
                refused: dict[str, list[str]] = {}
                for figure in both:
                    if figure.value is None:
                        refused.setdefault(figure.refused, []).append(figure.name)
                for why, names in refused.items():
                    yield f"    not measured, {why}: {'; '.join(names)}"
            if section.gate:
                passed = "passed" if section.gate["passed"] else "FAILED"
                yield f"  gate at {section.gate['limit']:g}: {passed}"

    def to_json(self) -> dict[str, Any]:
        """The report as JSON-serialisable data; no pixels, and null where a number is not finite."""
        return {
            "schema": self.SCHEMA,
            "schema_version": self.SCHEMA_VERSION,
            "created_at": self.created_at,
            "version": self.version,
            "libraries": dict(self.libraries),
            "extractor": asdict(self.extractor),
            "checkpoint": asdict(self.checkpoint),
            "inputs": asdict(self.inputs),
            "settings": finite(self.settings),
            "sections": [one.to_json() for one in self.sections],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "EvaluationReport":
        """The report that `to_json` wrote, without pictures.

        Raises:
            SettingError: If the data are of another schema or version.
        """
        check_schema(data, cls.SCHEMA, cls.SCHEMA_VERSION)
        rest = {name: held for name, held in data.items() if not name.startswith("schema")}
        return cls(
            **{
                **rest,
                "extractor": Model(**data["extractor"]),
                "checkpoint": Model(**data["checkpoint"]),
                "inputs": Inputs(**data["inputs"]),
                "sections": tuple(Section.from_json(one) for one in data["sections"]),
            }
        )
