"""Fit the shape model of every group, draw from it, and write down how near the draws come to anybody."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from medsynth_aug.anatomy.landmarks import Points, fields_of
from medsynth_aug.anatomy.shape_model import LungShapeModel, ShapeGroup, write_shapes
from medsynth_aug.errors import SettingError
from medsynth_aug.training.shape_model.fitting import VARIANCE, fit_shapes
from medsynth_aug.training.shape_model.nearness import nearness
from medsynth_aug.training.shape_model.outlines import INSPECTED, read_outlines

CELL, ACROSS = 200, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class ShapeRecipe:
    """How the shape model is fitted.

    Args:
        data: Folder with `labels.csv` and the files that it names.
        out: Folder for `lung_shapes.safetensors`, `report.json` and a sheet of draws a group.
        pool: Value of the `pool` column; None takes all rows.
        inspected: Text file with the adults' films whose segmented lung fields were looked at.
        variance: Share of the variance of shape that the modes carry, in (0, 1).
        draws: Draws that are compared with real outlines, at least 1.
        seed: Seeds the draws.

    Raises:
        SettingError: If a value is out of its range.
    """

    data: Path
    out: Path
    pool: str | None = "starter"
    inspected: Path = INSPECTED
    variance: float = VARIANCE
    draws: int = 500
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.variance < 1:
            raise SettingError(f"variance is {self.variance}; it must be above 0 and below 1")
        if self.draws < 1:
            raise SettingError(f"draws is {self.draws}; it must be at least 1")


def run(recipe: ShapeRecipe) -> dict[str, Any]:
    """Fit, write and report; returns what `report.json` holds.

    Raises:
        UnreadableFileError: If a file is missing.
        LabelError: If a group has too few films.
    """
    outlines = read_outlines(recipe.data, pool=recipe.pool, inspected=recipe.inspected)
    models: dict[ShapeGroup, LungShapeModel] = {}
    report: dict[str, Any] = {}
    recipe.out.mkdir(parents=True, exist_ok=True)
    for group, real in outlines.items():
        models[group] = fit_shapes(real, variance=recipe.variance)
        rng = np.random.default_rng(recipe.seed)
        drawn = [models[group].draw(rng).points for _ in range(recipe.draws)]
        report[group] = {"patients": len(real), "modes": len(models[group].spread)} | nearness(real, drawn)
        cv2.imwrite(str(recipe.out / f"{group}.png"), sheet(drawn[:40]))
    write_shapes(models, recipe.out / "lung_shapes.safetensors")
    (recipe.out / "report.json").write_text(json.dumps(report, indent=2) + "\n")
    return report


def sheet(outlines: list[Points]) -> np.ndarray:
    """Outlines as filled lung fields, ten a row, uint8: the patient's right lung darker than the left."""
    cells = [_cell(one) for one in outlines]
    cells += [np.zeros_like(cells[0])] * (-len(cells) % ACROSS)
    rows = [np.concatenate(cells[at : at + ACROSS], 1) for at in range(0, len(cells), ACROSS)]
    return np.concatenate(rows)


def _cell(points: Points) -> np.ndarray:
    right, left = fields_of(points, (CELL, CELL)).to(torch.uint8).numpy()
    return np.asarray(np.maximum(110 * right, 220 * left), np.uint8)
