"""Write the training index of a checkpoint: hashed patients, thumbnails, and features of our encoder."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from medsynth_aug.diffusion.training_index import TrainingIndex, build_index
from medsynth_aug.evaluation.extraction.extractors import BATCH_SIZE, FeatureExtractor, load_extractor
from medsynth_aug.training.starter.images.radiographs import Radiograph
from medsynth_aug.types import BoolMap


def write_index(folder: Path, radiographs: Sequence[Radiograph], lungs: Sequence[BoolMap]) -> TrainingIndex:
    """Write the index of a training set into a checkpoint folder.

    Args:
        folder: The checkpoint.
        radiographs: Everything that it was trained on.
        lungs: Lung fields `(2, H, W)` bool of each.

    Raises:
        CheckpointError: If the weights of the shipped encoder are missing.
    """
    extractor = load_extractor("medsynth")
    index = build_index(
        [one.row["patient_id"] for one in radiographs],
        [one.pixels for one in radiographs],
        lungs,
        groups=[one.group for one in radiographs],
        features=features_of_radiographs(radiographs, extractor),
        encoder=extractor.digest,
    )
    index.save(folder)
    return index


def features_of_radiographs(radiographs: Sequence[Radiograph], extractor: FeatureExtractor) -> np.ndarray:
    """Features `(N, D)` float32 of whole training images, with a progress bar."""
    parts = [np.zeros((0, extractor.num_features), np.float32)]
    with tqdm(total=len(radiographs), desc="features", unit="image") as bar:
        for first in range(0, len(radiographs), BATCH_SIZE):
            batch = radiographs[first : first + BATCH_SIZE]
            parts.append(extractor([(one.pixels / np.float32(255)).astype(np.float32) for one in batch]))
            bar.update(len(batch))
    return np.concatenate(parts)
