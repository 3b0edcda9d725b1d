"""All that the sections of a report need to know, gathered once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from medsynth_aug.evaluation.distances.fidelity import Sample
from medsynth_aug.evaluation.extraction.extractors import FeatureExtractor
from medsynth_aug.evaluation.extraction.features import features_of
from medsynth_aug.evaluation.images import EvaluationImage, ImageSet
from medsynth_aug.evaluation.regions import has_region, lesion_crop
from medsynth_aug.types import Grey

if TYPE_CHECKING:
    from medsynth_aug.diffusion import TrainingIndex


@dataclass(frozen=True, kw_only=True, eq=False)
class Subject:
    """What is judged, and by whom.

    Args:
        real: Real images of every class.
        synthetic: Painted, sham and virtual images.
        normal: Classes of real images without a lesion.
        lesions: Class -> lesion that fills it; a class that is not named bears its lesion's name.
        sources: Source of each painted image by its digest.
        extractor: What sees the images.
        index: What the checkpoint was trained on; None where it does not say.
        round_trip: Encodes and decodes an image with the checkpoint's autoencoder; None where there is none.
        cache: Folder of cached features; None keeps none.
        fail_above: Largest AUC that passes an audit; None sets no gate.
        most: Most images a side of an audit.
        seed: Seed of every draw.
        progress: Show progress bars.
    """

    real: ImageSet
    synthetic: ImageSet
    normal: tuple[str, ...]
    lesions: Mapping[str, str]
    sources: Mapping[str, EvaluationImage]
    extractor: FeatureExtractor
    index: "TrainingIndex | None"
    round_trip: Callable[[EvaluationImage], Grey] | None
    cache: Path | None
    fail_above: float | None
    most: int
    seed: int
    progress: bool

    @cached_property
    def painted(self) -> ImageSet:
        """Synthetic images with a lesion."""
        return self.synthetic.where(lambda one: one.origin != "sham")

    @cached_property
    def shams(self) -> ImageSet:
        """Sham edits."""
        return self.synthetic.where(lambda one: one.origin == "sham", "shams")

    @cached_property
    def negatives(self) -> ImageSet:
        """Real images without a lesion."""
        return self.real.of(*self.normal)

    def lesion_of(self, label: str) -> str:
        """The lesion that fills a class."""
        return self.lesions.get(label, label)

    def whole(self, images: ImageSet) -> Sample:
        """Features of whole images."""
        return Sample(self.features(images), images.patients)

    def inside(self, images: ImageSet) -> Sample:
        """Features of the lesion's surroundings, of those images that say where it is."""
        known = images.where(has_region)
        return Sample(self.features(known, crop=lesion_crop, crop_name="lesion"), known.patients)

    def features(
        self,
        images: ImageSet,
        *,
        crop: Callable[[EvaluationImage], Grey] | None = None,
        crop_name: str = "whole",
    ) -> np.ndarray:
        """Features `(N, D)` of the images or of one crop of each."""
        if not len(images):
            return np.zeros((0, self.extractor.num_features), np.float32)
        return features_of(
            images.images, self.extractor, cache=self.cache, progress=self.progress, crop=crop,
            crop_name=crop_name,
        )  # fmt: skip
