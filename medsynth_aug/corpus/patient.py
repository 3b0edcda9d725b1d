"""Who a virtual patient is: made-up attributes, findings, and the samples that are the images."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

from medsynth_aug.errors import SettingError
from medsynth_aug.lesions.scene import Side
from medsynth_aug.types import Box

Sex = Literal["female", "male"]
View = Literal["PA", "AP"]
Severity = Literal["mild", "moderate", "severe"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One lesion as one image of a patient shows it.

    Args:
        lesion: Its name.
        side: The patient's side.
        severity: Which third of the lesion's range of sizes it has.
        size_mm: Its extent, in millimetres of an adult's lungs.
        box: Smallest box round its mask, in pixels.
        sample: Digest of the sample whose mask is the finding's.
        visit: Number of the image that shows it.

    Raises:
        SettingError: If side or severity are none.
    """

    lesion: str
    side: Side
    severity: Severity
    size_mm: float
    box: Box
    sample: str
    visit: int = 0

    def __post_init__(self) -> None:
        for name, choices in (("side", get_args(Side)), ("severity", get_args(Severity))):
            if getattr(self, name) not in choices:
                raise SettingError(f"{name} is {getattr(self, name)!r}; choose from {', '.join(choices)}")
        object.__setattr__(self, "box", Box(*self.box))


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientImage:
    """One radiograph of a patient.

    Args:
        visit: 0 for the baseline, 1 for the follow-up.
        day: Days after the baseline.
        chain: Digests of its samples: the whole image first, then one a finding, painted into the one before.
        anatomy_digest: Digest of the lung fields that it was made from.
        depth: Depth of breath; 1 in the baseline, 1.02 has lungs that are 2 % taller.

    Raises:
        SettingError: If the chain is empty.
    """

    visit: int
    day: int
    chain: tuple[str, ...]
    anatomy_digest: str
    depth: float = 1.0

    def __post_init__(self) -> None:
        if not self.chain:
            raise SettingError(f"chain of visit {self.visit} is empty; an image is at least one sample")
        object.__setattr__(self, "chain", tuple(self.chain))

    @property
    def sample(self) -> str:
        """Digest of the sample that is shown: the last of the chain."""
        return self.chain[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualPatient:
    """A patient who never lived: every pixel synthetic, every attribute drawn.

    Args:
        id: Looks random; derived from what the patient was drawn with, never from a real one.
        sex: As the image was asked for; nothing else in the record depends on it.
        age_years: Likewise; of it only the band (child, adult, middle aged, elderly) reached the image.
        view: Projection.
        findings: Of all images; none in a healthy patient.
        images: By visit.
        origin: What the patient was drawn with: population, seed, number, engine and settings, as digests.
    """

    id: str
    sex: Sex
    age_years: int
    view: View
    findings: tuple[Finding, ...]
    images: tuple[PatientImage, ...]
    origin: Mapping[str, Any]

    def findings_of(self, visit: int) -> tuple[Finding, ...]:
        """The findings that the image of a visit shows."""
        return tuple(one for one in self.findings if one.visit == visit)

    def to_json(self) -> dict[str, Any]:
        """JSON-serialisable data; `from_json` gives an equal patient back."""
        return {
            **{name: getattr(self, name) for name in ("id", "sex", "age_years", "view")},
            "findings": [asdict(one) | {"box": list(one.box)} for one in self.findings],
            "images": [asdict(one) | {"chain": list(one.chain)} for one in self.images],
            "origin": dict(self.origin),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "VirtualPatient":
        """The patient that `to_json` wrote."""
        return cls(
            **{name: data[name] for name in ("id", "sex", "age_years", "view", "origin")},
            findings=tuple(Finding(**one) for one in data["findings"]),
            images=tuple(PatientImage(**one) for one in data["images"]),
        )
