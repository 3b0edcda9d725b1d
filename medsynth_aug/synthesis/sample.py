"""What comes back: a sample with its truth and its provenance, or a refusal with its reason."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.types import Box, Spacing, ValueRange, box_of


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticSample:
    """One synthesised image with its truth.

    Args:
        request: What was asked.
        image: `(C, H, W)` in the source's dtype and size; equal to the source outside `edit_region`.
        mask: `(1, H, W)` bool, True where the lesion is; empty for a sham and a whole image.
        edit_region: `(1, H, W)` bool, contains `mask`; the only pixels that may differ from the source.
        value_range: The source's.
        spacing: The source's, or None where unknown.
        provenance: What was drawn and what made it: site, size, severity, library versions.
        timings: Seconds by stage; not part of what the sample is.
    """

    request: SynthesisRequest
    image: torch.Tensor
    mask: torch.Tensor
    edit_region: torch.Tensor
    value_range: ValueRange
    spacing: Spacing | None = None
    provenance: Mapping[str, Any] = field(default_factory=dict)
    timings: Mapping[str, float] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """The request's digest: the sample's id."""
        return self.request.digest

    @property
    def lesion(self) -> str:
        """Name of the lesion, "none" in a whole image; which label that is, the data set at hand decides."""
        return self.request.lesion_name

    @property
    def box(self) -> Box | None:
        """The smallest box round the mask; None where it is empty."""
        return box_of(self.mask)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A request that could not be met, and why.

    Args:
        request: What was asked.
        reason: The fact and the way out, for people.
        final: True if another attempt with another draw cannot help.
    """

    request: SynthesisRequest
    reason: str
    final: bool = False
