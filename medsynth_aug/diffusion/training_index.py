"""What a checkpoint was trained on, to be asked but not read back: hashed patients, thumbnails, features."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors import SafetensorError, safe_open
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
    """Patients, aligned thumbnails and features of everything that a checkpoint was trained on.

    Args:
        patients: Hashes of patient ids and of near-duplicate groups.
        thumbnails: `(N, 32, 32)` uint8.
        features: `(N, D)` float16, the whole images as an encoder sees them; None in older indices.
        encoder: Digest of that encoder: only features of the same digest may be compared with these.
        rows: Hash of the group whose each thumbnail is; empty in older indices.
    """

    patients: frozenset[str]
    thumbnails: torch.Tensor
    features: torch.Tensor | None = None
    encoder: str = ""
    rows: tuple[str, ...] = ()

    def saw_patient(self, patient_id: str) -> bool:
        """True if this patient (or near-duplicate group) was trained on."""
        return hash_patient(patient_id) in self.patients

    def seen(self, patient_ids: Iterable[str]) -> list[str]:
        """Those of the patients that were trained on, in order."""
        return [patient for patient in patient_ids if self.saw_patient(patient)]

    def of_others(self, groups: Iterable[str]) -> torch.Tensor:
        """`(N,)` bool, True for the thumbnails and features of other groups than these.

        Args:
            groups: Near-duplicate groups, or patient ids where the training data had no groups.

        Raises:
            CheckpointError: If the index does not say whose its thumbnails are.
        """
        if len(self.rows) != len(self.thumbnails):
            raise CheckpointError(
                "this training index does not say whose its thumbnails are, so no patient can be left out; "
                "write it anew with medsynth_aug.training.starter.index.write_index"
            )
        own = {hash_patient(group) for group in groups}
        return torch.tensor([row not in own for row in self.rows], dtype=torch.bool)

    def save(self, checkpoint: Path) -> None:
        """Write the index into a checkpoint folder."""
        folder = checkpoint / FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        save_file({"thumbnails": self.thumbnails}, folder / "thumbnails.safetensors")
        (folder / "features.safetensors").unlink(missing_ok=True)
        if self.features is not None:
            held = {"features": self.features.half().contiguous()}
            save_file(held, folder / "features.safetensors", metadata={"encoder": self.encoder})
        patients = sorted(self.patients)
        number = {patient: index for index, patient in enumerate(patients)}
        rows = [number[row] for row in self.rows]
        table = {"version": INDEX_VERSION, "patients": patients, "rows": rows}
        (folder / "patients.json").write_text(json.dumps(table, indent=0))


def build_index(
    patient_ids: Sequence[str],
    images: Sequence[np.ndarray],
    lungs: Sequence[BoolMap],
    *,
    groups: Sequence[str] = (),
    features: np.ndarray | None = None,
    encoder: str = "",
) -> TrainingIndex:
    """The index of a training set: one patient id an image (more are fine), one thumbnail an image.

    Args:
        patient_ids: Patients, and near-duplicate groups.
        images: `(H, W)` uint8 each.
        lungs: `(2, H, W)` bool each.
        groups: Whose each image is, one an image; these count as patients too. None are kept if empty.
        features: `(N, D)` of the images; None keeps none.
        encoder: Digest of the extractor that they come from.
    """
    thumbnails = [aligned_thumbnail(image, fields) for image, fields in zip(images, lungs, strict=True)]
    return TrainingIndex(
        patients=frozenset(hash_patient(patient) for patient in (*patient_ids, *groups)),
        thumbnails=torch.from_numpy(np.stack(thumbnails)),
        features=None if features is None else torch.from_numpy(features).half(),
        encoder=encoder,
        rows=tuple(hash_patient(group) for group in groups),
    )


def read_index(checkpoint: Path) -> TrainingIndex | None:
    """The index of a checkpoint folder, or None where it carries none ("not run").

    Raises:
        CheckpointError: If the index is damaged or of another version.
    """
    folder = checkpoint / FOLDER
    if not (folder / "patients.json").is_file():
        return None
    try:
        table = json.loads((folder / "patients.json").read_text())
        if table.get("version") != INDEX_VERSION:
            raise CheckpointError(
                f"{folder} has index version {table.get('version')}, this program reads {INDEX_VERSION}"
            )
        patients = table["patients"]
        thumbnails = load_file(folder / "thumbnails.safetensors")["thumbnails"]
    except (OSError, ValueError, LookupError, AttributeError, SafetensorError) as problem:
        raise CheckpointError(f"{folder} is damaged ({problem}); get the checkpoint again") from problem
    features, encoder = _read_features(folder / "features.safetensors", len(thumbnails))
    return TrainingIndex(
        patients=frozenset(patients),
        thumbnails=thumbnails,
        features=features,
        encoder=encoder,
        rows=tuple(patients[number] for number in table.get("rows", ())),
    )


def _read_features(file: Path, count: int) -> tuple[torch.Tensor | None, str]:
    if not file.is_file():
        return None, ""
    try:
        with safe_open(file, framework="pt") as held:
            features, encoder = held.get_tensor("features"), (held.metadata() or {}).get("encoder", "")
    except SafetensorError as problem:
        raise CheckpointError(f"{file} is damaged ({problem}); get the checkpoint again") from problem
    if len(features) != count:
        raise CheckpointError(
            f"{file} has {len(features)} rows for {count} thumbnails; write the index anew with "
            "medsynth_aug.training.starter.index.write_index"
        )
    return features, encoder
