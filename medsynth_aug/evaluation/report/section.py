"""One section of a report: figures in groups, pictures, values an image, and a gate."""

from collections import Counter
from collections.abc import Sized
from dataclasses import dataclass, field
from typing import Any, Literal, TypedDict, get_args

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.figures import Figure
from medsynth_aug.evaluation.report.plain import figure_from_json, figure_to_json, finite

Status = Literal["ran", "not run", "refused"]


class Gate(TypedDict):
    """The largest value that a section's figures may have, and whether they kept to it."""

    limit: float
    passed: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strip:
    """Pictures side by side; the page shows them, the JSON keeps the caption only.

    Args:
        caption: What they show.
        panels: Title and pixels of each, uint8 `(h, w)` grey or `(h, w, 3)` RGB.

    Raises:
        SettingError: If pixels have another type or shape.
    """

    caption: str
    panels: tuple[tuple[str, NDArray[np.uint8]], ...] = ()

    def __post_init__(self) -> None:
        for title, pixels in self.panels:
            if pixels.dtype != np.uint8 or pixels.shape[2:] not in ((), (3,)) or pixels.ndim < 2:
                raise SettingError(
                    f"panel {title!r} is {pixels.dtype} {pixels.shape}; make it uint8 (h, w) or (h, w, 3)"
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureGroup:
    """Figures that are read together, for example those of one class.

    Args:
        heading: A class, or what part of the image was looked at.
        figures: What was measured.
        reference: What is near and what is far; one named "KID, real vs real" stands beside figure "KID".
    """

    heading: str
    figures: tuple[Figure, ...]
    reference: tuple[Figure, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The group as JSON-serialisable data."""
        return {
            "heading": self.heading,
            "figures": [figure_to_json(one) for one in self.figures],
            "reference": [figure_to_json(one) for one in self.reference],
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "FigureGroup":
        """The group that `to_json` wrote."""
        sides = {
            side: tuple(figure_from_json(one) for one in data[side]) for side in ("figures", "reference")
        }
        return cls(**{**data, **sides})


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One thing that was measured, or the reason why it was not.

    Args:
        key: A fixed name such as "fidelity", by which two reports are compared.
        title: Its heading.
        intro: One or two sentences that say how to read it.
        status: Whether it ran.
        reason: Why it did not, or what was left out.
        extractor: What saw the images; "" where no figure of the section depends on that.
        groups: Its figures.
        strips: Its pictures.
        values: Name of a figure -> one value an image, in the order of `value_names`; not finite where
            an image has none. Two reports are compared image by image where both have them.
        value_names: Names of those images, each once.
        value_groups: Patient of each of those images.
        gate: The limit that was set before the run, and whether the section kept to it.

    Raises:
        SettingError: If the parts contradict each other.
    """

    key: str
    title: str
    intro: str
    status: Status
    reason: str = ""
    extractor: str = ""
    groups: tuple[FigureGroup, ...] = ()
    strips: tuple[Strip, ...] = ()
    values: dict[str, list[float]] = field(default_factory=dict)
    value_names: list[str] = field(default_factory=list)
    value_groups: list[str] = field(default_factory=list)
    gate: Gate | None = None

    def __post_init__(self) -> None:
        if self.status not in get_args(Status):
            raise SettingError(
                f"section {self.key!r} has status {self.status!r}; say {', '.join(get_args(Status))}"
            )
        if self.status != "ran" and not self.reason:
            raise SettingError(f"section {self.key!r} is {self.status!r} without a reason; say why")
        twice = [name for name, count in Counter(self.value_names).items() if count > 1]
        if twice:
            raise SettingError(f"section {self.key!r} names image {twice[0]!r} twice; name each image once")
        expected = len(self.value_names)
        beside: dict[str, Sized] = {"value_groups": self.value_groups, **self.values}
        for name, held in beside.items():
            if len(held) != expected:
                raise SettingError(
                    f"section {self.key!r} has {len(held)} of {name!r} and {expected} value_names; "
                    "give one an image"
                )

    def to_json(self) -> dict[str, Any]:
        """The section as JSON-serialisable data, without pixels."""
        return {
            "key": self.key,
            "title": self.title,
            "intro": self.intro,
            "status": self.status,
            "reason": self.reason,
            "extractor": self.extractor,
            "groups": [one.to_json() for one in self.groups],
            "strips": [{"caption": one.caption} for one in self.strips],
            "values": finite(self.values),
            "value_names": list(self.value_names),
            "value_groups": list(self.value_groups),
            "gate": finite(self.gate),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Section":
        """The section that `to_json` wrote, without pictures."""
        values = {
            name: [float("nan") if one is None else float(one) for one in held]
            for name, held in data["values"].items()
        }
        groups = tuple(FigureGroup.from_json(one) for one in data["groups"])
        strips = tuple(Strip(caption=one["caption"]) for one in data["strips"])
        gate = data["gate"] and Gate(limit=data["gate"]["limit"], passed=data["gate"]["passed"])
        return cls(**{**data, "values": values, "groups": groups, "strips": strips, "gate": gate})
