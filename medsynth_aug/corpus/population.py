"""Which patients are drawn: stated shares of ages, sexes, views, findings and severities."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, get_args

from medsynth_aug.corpus.patient import Severity
from medsynth_aug.errors import SettingError, UnreadableFileError
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis.digest import digest_json

CHILDREN, ADULTS = (1, 5), (18, 95)
"""Ages for which there are lung fields to draw from."""


def _findings() -> dict[str, float]:
    return dict.fromkeys(
        ("bacterial_consolidation", "effusion", "mass", "nodule", "pneumothorax", "viral_consolidation"), 0.1
    )


def _severities() -> dict[str, float]:
    return {"mild": 0.4, "moderate": 0.4, "severe": 0.2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Shares and ranges that patients are drawn from.

    The default is **not** epidemiology: it is even, so that no group and no finding is rare. Six findings of
    one share each leave four in ten patients healthy; fracture is left out because its appearance is
    schematic. Ages are even within their range. Children are AP, as the films that taught them.

    Args:
        child_share: Share of children, in [0, 1].
        child_ages: Youngest and oldest child in years, within 1 to 5.
        adult_ages: Youngest and oldest adult in years, within 18 to 95.
        female_share: Share of women and girls, in [0, 1].
        pa_share: Share of PA views among adults, in [0, 1].
        findings: Lesion -> share of patients whose first finding it is; the rest, 1 minus their sum, is
            healthy.
        second_finding_share: Share of patients with a finding who have another one as well, in [0, 1].
        severities: Severity -> weight.
        follow_up_share: Share of patients with a finding who have a second image, in [0, 1].
        follow_up_days: Fewest and most days until it.
        progressed_share: Share of the follow-ups in which the findings are one degree worse, in [0, 1].
        regressed_share: Likewise, one degree better; the rest is stable.

    Raises:
        SettingError: If a value is out of its range.
        UnknownLesionError: If no lesion of a finding's name is registered.
    """

    child_share: float = 0.25
    child_ages: tuple[int, int] = CHILDREN
    adult_ages: tuple[int, int] = (18, 90)
    female_share: float = 0.5
    pa_share: float = 0.7
    findings: Mapping[str, float] = field(default_factory=_findings)
    second_finding_share: float = 0.15
    severities: Mapping[str, float] = field(default_factory=_severities)
    follow_up_share: float = 0.3
    follow_up_days: tuple[int, int] = (3, 90)
    progressed_share: float = 0.3
    regressed_share: float = 0.4

    def __post_init__(self) -> None:
        for one in fields(self):
            value = getattr(self, one.name)
            if one.name.endswith("_share"):
                _check_share(one.name, value)
            elif one.name in ("findings", "severities"):
                _check_named(one.name, value)
            else:
                object.__setattr__(self, one.name, _whole_numbers(one.name, value))
        _check_range("child_ages", self.child_ages, CHILDREN)
        _check_range("adult_ages", self.adult_ages, ADULTS)
        _check_range("follow_up_days", self.follow_up_days, (1, 3650))
        if self.progressed_share + self.regressed_share > 1 + 1e-9:
            raise SettingError("progressed_share and regressed_share together are above 1")
        self._check_findings()

    def _check_findings(self) -> None:
        for name, share in self.findings.items():
            resolve_lesion(name)
            _check_share(f"findings[{name!r}]", share)
        if sum(self.findings.values()) > 1 + 1e-9:
            raise SettingError(
                f"findings have shares of {sum(self.findings.values()):g} together; at most 1, for the rest "
                "are healthy"
            )
        for name, share in self.severities.items():
            if name not in get_args(Severity):
                raise SettingError(f"severities names {name!r}; choose from {', '.join(get_args(Severity))}")
            _check_share(f"severities[{name!r}]", share)
        if not sum(self.severities.values()) > 0:
            raise SettingError("severities have no weight; give at least one a share above 0")

    @property
    def digest(self) -> str:
        """SHA-256 of everything that is stated."""
        return digest_json(self.to_json())

    def to_json(self) -> dict[str, Any]:
        """JSON-serialisable data; `from_json` gives an equal population back."""
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Population":
        """The population that `to_json` wrote; what is left out keeps its default.

        Raises:
            SettingError: If a name is unknown or a value out of its range.
        """
        known = {one.name for one in fields(cls)}
        unknown = sorted(set(data) - known)
        if unknown:
            raise SettingError(f"a population has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
        return cls(**data)

    @classmethod
    def read(cls, file: Path) -> "Population":
        """The population of a JSON file.

        Raises:
            UnreadableFileError: If the file is missing or not a JSON object.
            SettingError: If a name is unknown or a value out of its range.
        """
        try:
            data = json.loads(file.read_text())
        except (OSError, ValueError) as problem:
            raise UnreadableFileError(f"{file} cannot be read as a population: {problem}") from problem
        if not isinstance(data, dict):
            raise UnreadableFileError(f"{file} holds no JSON object; name settings and their values")
        return cls.from_json(data)


def _check_share(name: str, value: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise SettingError(f"{name} is {value!r}; it must be in [0, 1]")


def _check_named(name: str, value: Any) -> None:
    if not isinstance(value, Mapping):
        raise SettingError(f"{name} is {value!r}; give each a name and a share")


def _whole_numbers(name: str, value: Any) -> tuple[int, ...]:
    if not isinstance(value, list | tuple) or not all(type(number) is int for number in value):
        raise SettingError(f"{name} is {value!r}; it needs two whole numbers, the smaller one first")
    return tuple(value)


def _check_range(name: str, value: tuple[int, int], limits: tuple[int, int]) -> None:
    if len(value) != 2 or not limits[0] <= value[0] <= value[1] <= limits[1]:
        raise SettingError(f"{name} is {value}; it needs {limits[0]} <= first <= last <= {limits[1]}")
