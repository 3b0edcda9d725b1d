"""What a lesion is: plain data that names its priors, so that any process can paint it again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from medsynth_aug.errors import SettingError


@dataclass(frozen=True, slots=True)
class Prior:
    """A registered function of chance, by name, version and parameters.

    Args:
        name: Name under which the function is registered.
        version: Version of its behaviour; None takes the newest when the lesion is resolved.
        parameters: JSON-serialisable keyword arguments of the function.

    Raises:
        SettingError: If the parameters are not plain JSON.
    """

    name: str
    version: int | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            plain = json.loads(json.dumps(dict(self.parameters), allow_nan=False))
        except (TypeError, ValueError) as problem:
            raise SettingError(
                f"parameters of prior {self.name!r} are not plain JSON: {problem}"
            ) from problem
        object.__setattr__(self, "parameters", plain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesion:
    """A class of abnormality that can be painted. Pure data; callables live in the prior registry.

    Args:
        name: Short lower-case name, unique in the catalogue.
        prompt: Text condition for the diffusion model; may hold a learned token.
        placement: Prior of where in the anatomy the lesion lies.
        shape: Prior of its outline.
        intensity: Prior of what it does to the grey values before denoising.
        size_mm: Smallest and largest extent in millimetres; what is measured is the shape prior's to say.
        margin_mm: How far the edit region reaches beyond the mask.
        texture_kept: Share of the fine texture under the lesion that survives, in [0, 1].
        strength: Share of the noise schedule that is run on it, in [0, 1].
        diffuse: True if the mask is the affected lung rather than an outline.
        schematic: True if no real case taught the appearance.
        negative_prompt: What guidance steers away from.

    Raises:
        SettingError: If a value is out of its range.
    """

    name: str
    prompt: str
    placement: Prior
    shape: Prior
    intensity: Prior
    size_mm: tuple[float, float]
    margin_mm: float = 6.0
    texture_kept: float = 1.0
    strength: float = 0.5
    diffuse: bool = False
    schematic: bool = False
    negative_prompt: str = ""

    def __post_init__(self) -> None:
        if not self.name or self.name != self.name.strip().lower():
            raise SettingError(f"lesion name is {self.name!r}; use a short lower-case name")
        low, high = (float(value) for value in self.size_mm)
        if not 0 < low <= high:
            raise SettingError(f"size_mm of {self.name} is ({low}, {high}); it needs 0 < smallest <= largest")
        object.__setattr__(self, "size_mm", (low, high))
        for name in ("texture_kept", "strength"):
            value = float(getattr(self, name))
            if not 0 <= value <= 1:
                raise SettingError(f"{name} of {self.name} is {value}; it must be in [0, 1]")
            object.__setattr__(self, name, value)
        if self.margin_mm < 0:
            raise SettingError(f"margin_mm of {self.name} is {self.margin_mm}; it must be at least 0")
        object.__setattr__(self, "margin_mm", float(self.margin_mm))

    def to_json(self) -> dict[str, Any]:
        """The lesion as JSON-serialisable data; `from_json` gives it back equal."""
        return asdict(self) | {"size_mm": list(self.size_mm)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Lesion":
        """The lesion that `to_json` wrote."""
        priors = {name: Prior(**data[name]) for name in ("placement", "shape", "intensity")}
        return cls(**{**data, **priors, "size_mm": tuple(data["size_mm"])})
