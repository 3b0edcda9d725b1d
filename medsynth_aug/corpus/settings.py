"""How virtual patients are made, and what became of those that were asked for."""

from dataclasses import asdict, dataclass, field

from medsynth_aug.anatomy.shape_model import shapes_digest
from medsynth_aug.corpus.patient import VirtualPatient
from medsynth_aug.errors import SettingError
from medsynth_aug.synthesis.digest import digest_json
from medsynth_aug.synthesis.settings import SamplingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientSettings:
    """How virtual patients are made.

    Args:
        side_px: Rows and columns of an image, at least 64; the starter makes 256, more is resampled.
        batch_size: Jobs a call of the synthesizer, at least 1.
        max_attempts: Draws of an image, and of the place of a finding, before the patient is left out.
        least_lung_dice: Overlap, in [0, 1], of the lungs that the synthesizer finds in a whole image with
            those that it was made from; an image with less is drawn anew. 0 takes every image.
        whole: How whole images are denoised.
        lesion: How lesions are.

    Raises:
        SettingError: If a value is out of its range.
    """

    side_px: int = 256
    batch_size: int = 8
    max_attempts: int = 3
    least_lung_dice: float = 0.8
    whole: SamplingSettings = field(default_factory=lambda: SamplingSettings(num_inference_steps=8))
    lesion: SamplingSettings = field(default_factory=SamplingSettings)

    def __post_init__(self) -> None:
        for name, least in (("side_px", 64), ("batch_size", 1), ("max_attempts", 1)):
            if getattr(self, name) < least:
                raise SettingError(f"{name} is {getattr(self, name)}; it must be at least {least}")
        if not 0 <= self.least_lung_dice <= 1:
            raise SettingError(f"least_lung_dice is {self.least_lung_dice}; it must be in [0, 1]")

    @property
    def digest(self) -> str:
        """SHA-256 of what decides how a patient looks, the shape model included."""
        stated = {name: value for name, value in asdict(self).items() if name not in _HOW_LONG}
        return digest_json(stated | {"shapes": shapes_digest()})


_HOW_LONG = ("batch_size", "max_attempts")
"""Settings that decide which patients can be made, and how fast, but not how one looks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A patient who could not be made.

    Args:
        number: Which patient of the seed.
        id: Its id.
        reason: The last refusal, for people.
    """

    number: int
    id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientReport:
    """What became of the patients that were asked for.

    Args:
        patients: Those that the bank now holds, in order.
        made: How many of them were made now.
        left_out: Those whose images were refused after all attempts.
        seconds: Wall-clock time.
    """

    patients: tuple[VirtualPatient, ...]
    made: int
    left_out: tuple[LeftOut, ...]
    seconds: float
