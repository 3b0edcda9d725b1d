"""A data folder of small synthetic radiographs, as the starter recipe reads it."""

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from medsynth_aug.anatomy import schematic_lungs

SHAPE = (150, 160)
LABELS = ("No Finding", "Nodule", "Viral", "Effusion|Mass")


def write_folder(folder: Path, *, patients: int = 12, masks: int = 6) -> Path:
    """Grey JPEGs of a schematic thorax with `labels.csv`; the first images have a lung mask."""
    (folder / "images").mkdir(parents=True)
    lungs = schematic_lungs(SHAPE).any(0).numpy()
    rows = []
    for number in range(patients):
        rng = np.random.default_rng(number)
        grey = np.where(lungs, 70, 170) + rng.normal(0, 6, SHAPE)
        file, mask = f"images/{number}.jpg", f"images/{number}_mask.png" if number < masks else ""
        cv2.imwrite(str(folder / file), np.clip(grey, 0, 255).astype(np.uint8))
        if mask:
            cv2.imwrite(str(folder / mask), np.where(lungs, 255, 0).astype(np.uint8))
        rows.append(
            {
                "file": file, "mask": mask, "labels": LABELS[number % 4], "patient_id": f"patient-{number}",
                "group_id": f"group-{number}", "view": "PA", "sex": "F", "age": str(20 + 5 * number),
                "pool": "starter",
            }
        )  # fmt: skip
    with (folder / "labels.csv").open("w", newline="") as table:
        writer = csv.DictWriter(table, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return folder


@pytest.fixture(scope="session")
def radiograph_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_folder(tmp_path_factory.mktemp("data") / "cxr")
