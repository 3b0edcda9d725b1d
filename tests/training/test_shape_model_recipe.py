"""The recipe of the shape model: reads films and masks, fits, and says how near its draws come."""

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from medsynth_aug.anatomy.shape_model import ShapeGroup, read_shapes
from medsynth_aug.errors import LabelError, UnreadableFileError
from medsynth_aug.training.shape_model.fitting import align, fit_shapes
from medsynth_aug.training.shape_model.nearness import nearness, surface_distance
from medsynth_aug.training.shape_model.outlines import read_outlines
from medsynth_aug.training.shape_model.recipe import ShapeRecipe, run

GROUPS: dict[ShapeGroup, str] = {"child": "A paediatric set", "adult": "A set of adults"}
EACH = 24


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Films whose human masks are drawn from the shipped model, one a patient."""
    rows = []
    for group, source in GROUPS.items():
        rng = np.random.default_rng(0)
        for number in range(EACH):
            lungs = read_shapes(group).draw(rng).fields((160, 160)).numpy()
            name = f"{group}{number}.png"
            cv2.imwrite(str(tmp_path / name), np.where(lungs.any(0), 60, 180).astype(np.uint8))
            cv2.imwrite(str(tmp_path / f"mask_{name}"), 255 * lungs.any(0).astype(np.uint8))
            rows.append(
                {
                    "file": name, "labels": "No Finding", "patient_id": f"{group}{number}", "source": source,
                    "mask": f"mask_{name}", "pool": "starter",
                }
            )  # fmt: skip
    with (tmp_path / "labels.csv").open("w", newline="") as lines:
        table = csv.DictWriter(lines, rows[0].keys())
        table.writeheader()
        table.writerows(rows)
    (tmp_path / "inspected.txt").write_text("# none\n")
    return tmp_path


def test_the_recipe_fits_both_groups_and_reports_how_near_draws_come(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(ShapeRecipe(data=data, out=out, inspected=data / "inspected.txt", draws=30))
    report = json.loads((out / "report.json").read_text())
    for group in GROUPS:
        told = report[group]
        assert told["patients"] == EACH
        assert told["draw to real"]["n"] == 30
        assert told["real to real"]["n"] == EACH
        assert 0.8 < told["real to real"]["median Dice"] < 1
        assert told["draw to real"]["smallest ASSD, % of width"] > 0
        assert (out / f"{group}.png").is_file()
        drawn = read_shapes(group, out / "lung_shapes.safetensors").draw(np.random.default_rng(0))
        assert drawn.fields((100, 100)).any((1, 2)).all()


def test_two_films_of_a_patient_count_once(data: Path) -> None:
    table = data / "labels.csv"
    table.write_text(table.read_text().replace("child1,", "child0,"))
    found = read_outlines(data, inspected=data / "inspected.txt")
    assert (len(found["child"]), len(found["adult"])) == (EACH - 1, EACH)


def test_a_ragged_mask_is_left_out(data: Path) -> None:
    mask = cv2.imread(str(data / "mask_adult0.png"), cv2.IMREAD_GRAYSCALE)
    assert mask is not None
    mask[:, ::4] = 0
    cv2.imwrite(str(data / "mask_adult0.png"), mask)
    assert len(read_outlines(data, inspected=data / "inspected.txt")["adult"]) == EACH - 1


def test_an_inspected_film_that_is_not_there_is_named(data: Path) -> None:
    (data / "inspected.txt").write_text("other.png\n")
    with pytest.raises(LabelError, match=r"names other\.png, not in pool 'starter'"):
        read_outlines(data, inspected=data / "inspected.txt")
    with pytest.raises(UnreadableFileError, match="names the films whose overlays were inspected"):
        read_outlines(data, inspected=data / "nowhere.txt")


def test_alignment_takes_position_size_and_tilt_off() -> None:
    points = read_shapes("adult").draw(np.random.default_rng(0)).points
    turn = np.array([[np.cos(0.1), np.sin(0.1)], [-np.sin(0.1), np.cos(0.1)]])
    aligned, poses = align([points, 0.7 * points @ turn + 0.2])
    assert np.allclose(aligned[0], aligned[1], atol=1e-8)
    assert np.isclose(poses[1, 0] - poses[0, 0], np.log(0.7))
    assert np.isclose(poses[1, 1] - poses[0, 1], 0.1)


def test_a_copy_is_seen_as_one() -> None:
    rng = np.random.default_rng(0)
    real = [read_shapes("child").draw(rng).points for _ in range(8)]
    figures = nearness(real, [real[3] + 0.05])
    assert figures["draw to real"]["largest Dice"] == 1
    assert surface_distance(real[0], real[0]) == 0 < surface_distance(real[0], real[1])


def test_a_handful_of_outlines_cannot_say_how_lungs_vary() -> None:
    points = read_shapes("child").draw(np.random.default_rng(0)).points
    with pytest.raises(LabelError, match="3 outlines cannot say how lungs vary; give at least 20"):
        fit_shapes([points] * 3)
