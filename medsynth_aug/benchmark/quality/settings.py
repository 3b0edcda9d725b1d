"""What a quality run and an ablation of controls ask, stated before the first image is painted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from medsynth_aug.errors import SettingError
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.synthesis import SamplingSettings
from medsynth_aug.synthesis.settings import SchedulerName

LESIONS = (
    "nodule", "mass", "effusion", "pneumothorax", "bacterial_consolidation", "viral_consolidation",
)  # fmt: skip
"""What is painted where no lesion is named: all that have real cases."""

DELTAS: Mapping[str, float] = {
    "share_kept": 0.05, "texture_kept": 0.05, "ssim": 0.02, "edge_f1": 0.05, "real_distance": 0.10,
}  # fmt: skip
"""Largest loss of each figure that still counts as quality kept, in the units of the figure."""

WHOLE_PROMPT = "frontal chest radiograph, no finding, whole"


@dataclass(frozen=True, slots=True, kw_only=True)
class QualitySettings:
    """The settings that are compared; the last of `steps`, with and without guidance, is the reference.

    Args:
        steps: Denoising steps, rising, each at least 1; run without guidance.
        guidance_scale: Classifier-free guidance of the reference, above 1.
        schedulers: Schedulers of the runs without guidance; the reference takes the first.
        lesions: What is painted.
        strength: Share of the noise schedule that is run, in (0, 1]; None takes what users get.
        deltas: Largest loss of a figure that still counts as kept; the figures left out take `DELTAS`.
        whole: Whole images a setting, at least 0.
        whole_prompt: What the whole images show.
        seed: Decides the films, the draws and the intervals.

    Raises:
        SettingError: If a value is out of its range or a figure is unknown.
        UnknownLesionError: If a lesion is not registered.
    """

    steps: tuple[int, ...] = (1, 2, 4, 8, 20)
    guidance_scale: float = 2.0
    schedulers: tuple[SchedulerName, ...] = ("checkpoint",)
    lesions: tuple[str, ...] = LESIONS
    strength: float | None = None
    deltas: Mapping[str, float] = field(default_factory=dict)
    whole: int = 0
    whole_prompt: str = WHOLE_PROMPT
    seed: int = 0

    def __post_init__(self) -> None:
        if not self.steps or list(self.steps) != sorted(set(self.steps)):
            raise SettingError(f"steps are {self.steps}; name each once, rising, such as 1, 2, 4, 8, 20")
        if not self.guidance_scale > 1:
            raise SettingError(f"guidance_scale is {self.guidance_scale}; the reference needs more than 1")
        if not self.schedulers:
            raise SettingError("schedulers are empty; name at least 'checkpoint'")
        for name in self.schedulers:
            SamplingSettings(num_inference_steps=self.steps[0], strength=self.strength, scheduler=name)
        if self.whole < 0:
            raise SettingError(f"whole is {self.whole}; it must be at least 0")
        object.__setattr__(self, "deltas", checked_deltas(self.deltas))
        check_lesions(self.lesions)


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlsSettings:
    """An ablation of the structural controls.

    Args:
        lesions: What is painted.
        strength: Share of the noise schedule that is run, in (0, 1]: at a small one nothing can differ.
        num_inference_steps: Denoising steps, at least 1.
        seed: Decides the films, the draws and the intervals.

    Raises:
        SettingError: If a value is out of its range.
        UnknownLesionError: If a lesion is not registered.
    """

    lesions: tuple[str, ...] = LESIONS
    strength: float = 0.5
    num_inference_steps: int = SamplingSettings().num_inference_steps
    seed: int = 0

    def __post_init__(self) -> None:
        SamplingSettings(num_inference_steps=self.num_inference_steps, strength=self.strength)
        check_lesions(self.lesions)


def check_lesions(names: tuple[str, ...]) -> None:
    """Check that every lesion is registered, and named once.

    Raises:
        SettingError: If there is none, or one is named twice.
        UnknownLesionError: If one is not registered.
    """
    if not names or len(set(names)) < len(names):
        raise SettingError(f"lesions are {', '.join(names) or 'not named'}; name each of them once")
    for name in names:
        resolve_lesion(name)


def checked_deltas(given: Mapping[str, float]) -> dict[str, float]:
    """`DELTAS` with the given ones in their place.

    Raises:
        SettingError: If a figure is unknown or its delta is not above 0.
    """
    for name, value in given.items():
        if name not in DELTAS:
            raise SettingError(f"delta of {name!r} is given; choose from {', '.join(DELTAS)}")
        if not value > 0:
            raise SettingError(f"delta of {name} is {value}; it must be above 0")
    return {**DELTAS, **given}
