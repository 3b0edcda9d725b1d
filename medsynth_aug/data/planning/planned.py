"""What a plan consists of: its samples, the items that they are painted into, and what all requests share."""

from dataclasses import dataclass

from medsynth_aug.conditioning.settings import ConditioningSettings
from medsynth_aug.data.items.labels import ClassKey
from medsynth_aug.lesions import Lesion
from medsynth_aug.synthesis.request import PIXEL_VERSION, SynthesisRequest
from medsynth_aug.synthesis.settings import SamplingSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedSample:
    """One sample of a plan.

    Args:
        request: What is to be made.
        key: Class or column that its lesion gives the item; None for a sham, whose label stays.
        index: Item of the training data that it is painted into.
        patient: Patient of that item.
    """

    request: SynthesisRequest
    key: ClassKey | None
    index: int
    patient: str


@dataclass(frozen=True, slots=True)
class PlannedItem:
    """An item that is painted into, and what the plan knows of it.

    Args:
        index: Its index in the training data.
        patient: Its patient.
        source: Digest of its image, with its kind.
        dtype: NumPy's name of its dtype.
        shape: `(C, H, W)` of its image.
        mask_digest: Digest of the user's own lesion mask for it, or None.
        anatomy_digest: Digest of the user's own lung fields, or None.
        keep_mask_digest: Digest of the user's own keep-mask, or None.
    """

    index: int
    patient: str
    source: str
    dtype: str
    shape: tuple[int, int, int]
    mask_digest: str | None = None
    anatomy_digest: str | None = None
    keep_mask_digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """What all requests of a plan have in common.

    Args:
        lesions: Class or column and the resolved lesion that fills it.
        engine: Fingerprint of the synthesizer.
        seed: The user's seed.
        sampling: How to denoise.
        conditioning: Which structure guides it.
        pixel_version: Version of the code that decides pixels.
    """

    lesions: tuple[tuple[ClassKey, Lesion], ...]
    engine: str
    seed: int
    sampling: SamplingSettings
    conditioning: ConditioningSettings
    pixel_version: int = PIXEL_VERSION
