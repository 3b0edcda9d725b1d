"""What is judged: images with what each shows, whose it is, and where it was edited."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch

from medsynth_aug.types import BoolMap, Grey, ValueRange, to_grey

Origin = Literal["real", "painted", "sham", "virtual"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EvaluationImage:
    """One image as the yardstick sees it.

    Args:
        name: What a person calls it: a file name, or the digest of a sample.
        pixels: `(C, H, W)` in its native dtype, on the CPU.
        value_range: Darkest and brightest value that the data can hold.
        label: Its class.
        patient: Whose it is; of a painted image, whose source it is.
        digest: `real:<sha256>` of its pixels, or `sample:<request digest>`.
        stratum: What it must be matched by, for example "NIH PA"; "" where nothing is known.
        origin: A real image, one with a painted lesion, a sham edit, or one without a real pixel.
        source: Digest of the image that it was painted into; None for a real one.
        mask: `(H, W)` bool, where the lesion is; for a real positive from its box; None where unknown.
        edit_region: `(H, W)` bool, the only pixels that differ from the source; None for a real one.
        engine: Fingerprint of what made it; "" for a real one.
    """

    name: str
    pixels: torch.Tensor
    value_range: ValueRange
    label: str
    patient: str
    digest: str
    stratum: str = ""
    origin: Origin = "real"
    source: str | None = None
    mask: BoolMap | None = None
    edit_region: BoolMap | None = None
    engine: str = ""

    @property
    def grey(self) -> Grey:
        """`(H, W)` float32, 0 at the bottom of the value range and 1 at its top."""
        return to_grey(self.pixels, self.value_range)

    @property
    def shape(self) -> tuple[int, int]:
        """`(H, W)`."""
        return self.pixels.shape[1], self.pixels.shape[2]


@dataclass(frozen=True, slots=True, eq=False)
class ImageSet:
    """A named sequence of images.

    Args:
        name: What the report calls it.
        images: The images, in order.
    """

    name: str
    images: tuple[EvaluationImage, ...]

    def __len__(self) -> int:
        return len(self.images)

    def __iter__(self) -> Iterator[EvaluationImage]:
        return iter(self.images)

    @property
    def labels(self) -> tuple[str, ...]:
        """Classes that have an image, sorted."""
        return tuple(sorted({one.label for one in self.images}))

    @property
    def patients(self) -> tuple[str, ...]:
        """Patient of each image, in order."""
        return tuple(one.patient for one in self.images)

    def where(self, wanted: Callable[[EvaluationImage], bool], name: str | None = None) -> "ImageSet":
        """The images that a condition holds for, in order."""
        return replace(self, name=name or self.name, images=tuple(one for one in self.images if wanted(one)))

    def of(self, *labels: str) -> "ImageSet":
        """The images of some classes."""
        return self.where(lambda one: one.label in labels)


def image_set(name: str, images: Sequence[EvaluationImage]) -> ImageSet:
    """A set of images under a name."""
    return ImageSet(name, tuple(images))
