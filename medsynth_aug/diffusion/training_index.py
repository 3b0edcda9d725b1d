"""What a checkpoint was trained on, to be asked but not read back: hashed patients, thumbnails."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save_file

from medsynth_aug.errors import CheckpointError
from medsynth_aug.types import BoolMap

FOLDER = "training_index"
THUMBNAIL_SIZE = 32
INDEX_VERSION = 1


def hash_patient(patient_id: str) -> str:
    """SHA-256 of a patient id with the index's own prefix, 64 hexadecimal digits."""
    return hashlib.sha256(f"medsynth-aug training index {INDEX_VERSION}:{patient_id}".encode()).hexdigest()


def aligned_thumbnail(pixels: np.ndarray, lungs: BoolMap) -> np.ndarray:
    """The box round both lungs as `(32, 32)` uint8, so that crops and shifts of one film still look alike.

    Args:
        pixels: `(H, W)` uint8.
        lungs: `(2, H, W)` bool; the whole image is taken where no lung is seen.
    """
    rows, columns = np.nonzero(lungs.any(0))
    if len(rows):
        pixels = pixels[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
    return cv2.resize(pixels, (THUMBNAIL_SIZE, THUMBNAIL_SIZE), interpolation=cv2.INTER_AREA)


@dataclass(frozen=True, slots=True, eq=False)
class TrainingIndex:
    """Patients and aligned thumbnails of everything that a checkpoint was trained on.

    Args:
        patients: Hashes of patient ids and of near-duplicate groups.
        thumbnails: `(N, 32, 32)` uint8.
    """

    patients: frozenset[str]
    thumbnails: torch.Tensor

    def saw_patient(self, patient_id: str) -> bool:
        """True if this patient (or near-duplicate group) was trained on."""
        return hash_patient(patient_id) in self.patients

    def seen(self, patient_ids: Iterable[str]) -> list[str]:
        """Those of the patients that were trained on, in order."""
        return [patient for patient in patient_ids if self.saw_patient(patient)]

    def save(self, checkpoint: Path) -> None:
        """Write the index into a checkpoint folder."""
        folder = checkpoint / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        save_file({"thumbnails": self.thumbnails}, folder / "thumbnails.safetensors")
        table = {"version": INDEX_VERSION, "patients": sorted(self.patients)}
        (folder / "patients.json").write_text(json.dumps(table, indent=0))


def build_index(
    patient_ids: Sequence[str], images: Sequence[np.ndarray], lungs: Sequence[BoolMap]
) -> TrainingIndex:
    """The index of a training set: one patient id an image (more are fine), one thumbnail an image."""
    thumbnails = [aligned_thumbnail(image, fields) for image, fields in zip(images, lungs, strict=True)]
    return TrainingIndex(
        frozenset(hash_patient(patient) for patient in patient_ids), torch.from_numpy(np.stack(thumbnails))
    )


def read_index(checkpoint: Path) -> TrainingIndex | None:
    """The index of a checkpoint folder, or None where it carries none ("not run").

    Raises:
        CheckpointError: If the index is damaged or of another version.
    """
    folder = checkpoint / FOLDER
    if not (folder / "patients.json").is_file():
        return None
    table = json.loads((folder / "patients.json").read_text())
    if table.get("version") != INDEX_VERSION:
        raise CheckpointError(
            f"{folder} has index version {table.get('version')}, this program reads {INDEX_VERSION}"
        )
    thumbnails = load_file(folder / "thumbnails.safetensors")["thumbnails"]
    return TrainingIndex(frozenset(table["patients"]), thumbnails)
