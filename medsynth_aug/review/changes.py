"""What a rejection changes in the request that is tried next: one row a reason."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from medsynth_aug.errors import SettingError
from medsynth_aug.review.reasons import Reason
from medsynth_aug.synthesis.request import SynthesisRequest

LEAST_STRENGTH = 0.15
"""Below this, denoising changes next to nothing."""

MOST_GUIDANCE = 7.5
"""Above this, diffusion models exaggerate."""

MOST_SCALE = 2.0
"""Above this, a ControlNet's edges are drawn rather than followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What changes in the next request; its attempt is a new one in any case, with a new place and shape.

    Args:
        strength: Factor of `strength`.
        guidance_scale: Added to `guidance_scale`.
        controlnet_conditioning_scale: Factor of `controlnet_conditioning_scale`.
        sizes: Part of the lesion's range of sizes that is drawn from, in [0, 1]: (0, 0.6) for smaller ones.
        seed: Added to the seed.
        prompt: Put before the lesion's prompt.
        needs_new_place: Whether it helps only if place and shape may be drawn anew, which a mask of the
            user's own forbids.

    Raises:
        SettingError: If a factor is not above 0, or `sizes` is no part of a range.
    """

    strength: float = 1.0
    guidance_scale: float = 0.0
    controlnet_conditioning_scale: float = 1.0
    sizes: tuple[float, float] = (0.0, 1.0)
    seed: int = 0
    prompt: str = ""
    needs_new_place: bool = False

    def __post_init__(self) -> None:
        for name in ("strength", "controlnet_conditioning_scale"):
            if not 0 < getattr(self, name) < float("inf"):
                raise SettingError(f"{name} of a change is {getattr(self, name)}; a factor is above 0")
        low, high = self.sizes
        if not 0 <= low <= high <= 1:
            raise SettingError(f"sizes of a change is {self.sizes}; it needs 0 <= low <= high <= 1")


CHANGES: Mapping[Reason, Change] = {
    Reason.ANATOMY_VIOLATED: Change(strength=0.8, sizes=(0.0, 0.6), needs_new_place=True),
    Reason.LESION_IMPLAUSIBLE: Change(strength=0.85),
    Reason.WRONG_LOCATION: Change(needs_new_place=True),
    Reason.WRONG_CLASS: Change(strength=1.15, guidance_scale=1.0, sizes=(0.4, 1.0)),
    Reason.ARTEFACT_OR_SEAM: Change(strength=0.8, controlnet_conditioning_scale=1.25),
    Reason.DUPLICATE: Change(seed=1),
    Reason.OTHER: Change(),
}
"""Reason -> change. A smaller lesion crosses fewer borders and a weaker edit follows the film; a lesion that
was taken for another is painted stronger, larger within its own range of sizes, and with more weight on its
prompt; a seam is less visible where less is repainted and more structure is kept."""


def changed(
    request: SynthesisRequest, reasons: Iterable[Reason], changes: Mapping[Reason, Change] = CHANGES
) -> SynthesisRequest | None:
    """The request to try after a rejection: the parent's child, drawn anew, with the changes of all reasons.

    Args:
        request: The request of the rejected sample.
        reasons: Why it was rejected.
        changes: Reason -> change.

    Returns:
        The request, or None where the mask is the user's own and only another place could help.
    """
    chosen = [changes[reason] for reason in Reason if reason in set(reasons)]
    if request.mask_digest is not None and any(change.needs_new_place for change in chosen):
        return None
    child = replace(request, attempt=request.attempt + 1, parent=request.digest)
    for change in chosen:
        child = _after(child, change)
    return child


def _after(request: SynthesisRequest, change: Change) -> SynthesisRequest:
    lesion, sampling, conditioning = request.lesion, request.sampling, request.conditioning
    own = 1.0 if lesion is None else lesion.strength
    strength = own if sampling.strength is None else sampling.strength
    if change.strength != 1 and strength > 0:
        sampling = replace(sampling, strength=_moved(strength, change.strength, LEAST_STRENGTH, 1.0))
    if change.guidance_scale:
        guidance = sampling.guidance_scale + change.guidance_scale
        guidance = max(1.0, sampling.guidance_scale, min(guidance, MOST_GUIDANCE))
        sampling = replace(sampling, guidance_scale=round(guidance, 4))
    scale = conditioning.controlnet_conditioning_scale
    scales = scale if isinstance(scale, tuple) else (scale,)
    heavier = tuple(_moved(s, change.controlnet_conditioning_scale, 0.0, MOST_SCALE) for s in scales)
    conditioning = replace(
        conditioning, controlnet_conditioning_scale=heavier if isinstance(scale, tuple) else heavier[0]
    )
    if lesion is not None:
        low, high = lesion.size_mm
        smallest, largest = (round(low + share * (high - low), 4) for share in change.sizes)
        prompt = f"{change.prompt} {lesion.prompt}".strip()
        lesion = replace(lesion, size_mm=(smallest, largest), prompt=prompt)
    return replace(
        request, lesion=lesion, sampling=sampling, conditioning=conditioning, seed=request.seed + change.seed
    )


def _moved(value: float, factor: float, low: float, high: float) -> float:
    """The value times the factor, within the limits unless it was outside them before."""
    low, high = min(low, value), max(high, value)
    return round(min(max(factor * value, low), high), 4)
