"""A virtual patient in the making: what is stored of it so far, or why it was given up."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from medsynth_aug.corpus.drawing import DrawnPatient
from medsynth_aug.corpus.patient import Finding, PatientImage, VirtualPatient
from medsynth_aug.lesions.scene import Scene
from medsynth_aug.types import BoolMap


@dataclass(slots=True, eq=False)
class Case:
    """A patient in the making.

    Args:
        who: As it was drawn.
        chains: Digests of the samples by visit.
        anatomies: Digest of the lung fields by visit.
        findings: What was painted so far.
        scene: The baseline's whole image and lungs.
        keeps: `(H, W)` bool by visit, what was painted so far.
        problem: Why it was given up, or is not yet what it shall be; None where all is well.
    """

    who: DrawnPatient
    chains: list[list[str]] = field(default_factory=list)
    anatomies: list[str] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    scene: Scene | None = None
    keeps: list[BoolMap] = field(default_factory=list)
    problem: str | None = None

    @property
    def visits(self) -> range:
        """Numbers of the visits."""
        return range(len(self.who.days))

    def record(self, origin: Mapping[str, Any]) -> VirtualPatient:
        """The record, once the images are stored.

        Args:
            origin: What the patient was drawn with, but for its number.
        """
        who = self.who
        return VirtualPatient(
            id=who.id, sex=who.sex, age_years=who.age_years, view=who.view, findings=tuple(self.findings),
            images=tuple(
                PatientImage(
                    visit=visit, day=who.days[visit], chain=tuple(chain),
                    anatomy_digest=self.anatomies[visit], depth=who.depths[visit],
                )
                for visit, chain in enumerate(self.chains)
            ),
            origin={**origin, "number": who.number},
        )  # fmt: skip
