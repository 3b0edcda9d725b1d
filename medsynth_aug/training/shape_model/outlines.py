"""Whose outlines the shape model is fitted to: human masks, and segmented adults that were looked at."""

from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from tqdm import tqdm

from medsynth_aug.anatomy.landmarks import Points, landmarks_of
from medsynth_aug.anatomy.lung_fields import segment_lungs
from medsynth_aug.anatomy.pieces import largest_piece, solidity
from medsynth_aug.anatomy.shape_model import ShapeGroup
from medsynth_aug.errors import LabelError, UnreadableFileError
from medsynth_aug.training.starter.images.radiographs import Radiograph, read_rows
from medsynth_aug.training.starter.stages.lung_fields import human_lungs
from medsynth_aug.types import BoolMap

INSPECTED = Path(__file__).with_name("inspected.txt")
"""Names of adults' films whose segmented lung fields were looked at and found right."""

LEAST_SOLIDITY = 0.85
"""Share of its convex hull that a lung fills; a ragged or cut one fills less."""

SHARES = (0.03, 0.3)
"""Smallest and largest share of the image's square that one lung covers."""


def read_outlines(
    data: Path, *, pool: str | None = "starter", inspected: Path = INSPECTED
) -> dict[ShapeGroup, list[Points]]:
    """Outlines by group, one a patient.

    Children's are human-drawn. Adults' are human-drawn where there is a mask, else found by the shipped
    segmenter on the films that `inspected` names. Films that were stretched upstream are left out.

    Args:
        data: Folder with `labels.csv`, as the starter's recipe reads it.
        pool: Value of the `pool` column; None takes all rows.
        inspected: Text file, one `file` of `labels.csv` a line; lines with # are comments.

    Raises:
        UnreadableFileError: If a file is missing.
        LabelError: If `inspected` names a film that is not in the pool.
    """
    rows = [row for row in read_rows(data, pool=pool) if not row.get("geometry", "").startswith("stretched")]
    looked_at = _names(inspected)
    unknown = looked_at - {row["file"] for row in rows}
    if unknown:
        raise LabelError(f"{inspected} names {', '.join(sorted(unknown)[:3])}, not in pool {pool!r}")
    found: dict[ShapeGroup, list[Points]] = {"child": [], "adult": []}
    seen: set[str] = set()
    for row in tqdm(rows, desc="outlines", unit="film"):
        patient = row.get("group_id") or row["patient_id"]
        if patient in seen or not (row.get("mask") or row["file"] in looked_at):
            continue
        lungs = _lungs(data, row)
        if lungs is not None:
            seen.add(patient)
            found["child" if _is_child(row) else "adult"].append(landmarks_of(lungs))
    return found


def usable(lungs: BoolMap) -> bool:
    """Whether lung fields `(2, H, W)` pass plain checks: both there, of a lung's size, and not ragged."""
    side = max(lungs.shape[1:])
    areas = lungs.sum((1, 2)) / side**2
    low, high = SHARES
    return bool((areas > low).all() and (areas < high).all()) and min(map(solidity, lungs)) > LEAST_SOLIDITY


def _lungs(data: Path, row: dict[str, str]) -> BoolMap | None:
    pixels = _read(data / row["file"])
    if row.get("mask"):
        mask = _read(data / row["mask"])
        lungs = human_lungs(Radiograph(pixels=pixels, row=row, lung_mask=mask))
    else:
        lungs = segment_lungs((pixels / np.float32(255)).astype(np.float32)).numpy()
    whole = np.stack([largest_piece(side) for side in lungs])
    return whole if usable(whole) else None


def _is_child(row: dict[str, str]) -> bool:
    return "paediatric" in row.get("source", "").lower()


def _names(file: Path) -> set[str]:
    return set(_lines(file))


def _lines(file: Path) -> Iterator[str]:
    if not file.is_file():
        raise UnreadableFileError(f"{file} does not exist; it names the films whose overlays were inspected")
    for line in file.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


def _read(path: Path) -> np.ndarray:
    pixels = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    if pixels is None:
        raise UnreadableFileError(f"{path} is missing, truncated or not an image")
    return pixels
