"""The demonstration leaves what it promises, goes on from its bank, and says what it lacks."""

import csv
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsynth_aug.cli import main
from medsynth_aug.demo.classifier import recall
from medsynth_aug.demo.radiographs import LESION_OF_CLASS, find_radiographs
from medsynth_aug.demo.sheet import LEAST_SIDE_PX, window
from medsynth_aug.errors import SettingError, UnreadableFileError
from medsynth_aug.types import Box


@pytest.fixture(scope="module")
def few(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few of the example radiographs: five normal ones and one of each finding, in every split."""
    folder = tmp_path_factory.mktemp("few")
    with (root / "examples/data/labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    kept = []
    for split in ("train", "val", "test"):
        for name in ("normal", *LESION_OF_CLASS):
            mine = [row for row in rows if (row["split"], row["label"]) == (split, name)]
            kept += mine[: 5 if name == "normal" else 1]
    (folder / "images").mkdir()
    for row in kept:
        shutil.copy(root / "examples/data" / row["file"], folder / row["file"])
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(kept)
    return folder


def demonstrate(out: Path, data: Path) -> dict:
    """Run the command without weights; the timings that it wrote."""
    main_exits_well("demo", "--fake", "--out", out, "--data", data, "--per-class", "3", "--epochs", "1")
    return json.loads((out / "timings.json").read_text())


def main_exits_well(*arguments: str | Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    assert not ended.value.code


@pytest.fixture(scope="module")
def out(few: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that a first run left."""
    folder = tmp_path_factory.mktemp("demo") / "out"
    assert demonstrate(folder, few)["samples_reused"] == 0
    return folder


def test_the_counts_tell_real_from_painted(out: Path) -> None:
    with (out / "counts.csv").open(newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert rows["normal"]["painted"] == "0"
    for name in LESION_OF_CLASS:
        assert (rows[name]["real"], rows[name]["painted"], rows[name]["total"]) == ("1", "2", "3")
    assert rows["fracture"]["real"] == "0"
    assert int(rows["fracture"]["painted"]) > 0
    assert "bank only" in rows["fracture"]["note"]


def test_the_pictures_show_something(out: Path) -> None:
    for name in ("counts.png", "contact_sheet.png"):
        with Image.open(out / name) as picture:
            assert min(picture.size) > 300
            assert np.asarray(picture.convert("L")).std() > 20


def test_the_next_steps_are_commands_for_this_very_folder(out: Path, few: Path) -> None:
    text = (out / "next_steps.txt").read_text()
    assert f"medsynth demo --out {out}" in text
    assert str(few / "labels.csv") in text


def test_a_second_run_takes_every_sample_from_the_bank(
    out: Path, few: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    made = json.loads((out / "timings.json").read_text())["samples_made"]
    again = demonstrate(out, few)
    assert (again["samples_made"], again["samples_reused"]) == (0, made)
    shown = capsys.readouterr().out
    assert "Too small to prove a benefit" in shown
    assert "95 % interval" in shown


def test_a_folder_without_radiographs_is_an_error_that_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="pass --data PATH/TO/examples/data"):
        find_radiographs(tmp_path)


def test_the_examples_beside_the_package_are_found(root: Path) -> None:
    assert find_radiographs(None) == root / "examples" / "data"


def test_a_missing_matplotlib_is_said_before_anything_is_painted(
    few: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(SystemExit) as ended:
        main(["demo", "--fake", "--out", str(tmp_path / "out"), "--data", str(few)])
    assert ended.value.code == 2
    assert "medsynth-aug[demo]" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_too_many_samples_a_class_are_refused(few: Path, tmp_path: Path) -> None:
    from medsynth_aug.demo.settings import DemoSettings

    with pytest.raises(SettingError, match="it must be 1 to 40"):
        DemoSettings(out=tmp_path, data=few, per_class=41)


@pytest.mark.parametrize(
    ("region", "shape"), [(Box(0, 0, 10, 10), (300, 200)), (Box(150, 20, 200, 300), (300, 200))]
)
def test_a_window_is_a_square_inside_the_image_that_meets_its_region(
    region: Box, shape: tuple[int, int]
) -> None:
    view = window(region, shape)
    assert view.x1 - view.x0 == view.y1 - view.y0 >= LEAST_SIDE_PX
    assert 0 <= view.x0 < view.x1 <= shape[1] and 0 <= view.y0 < view.y1 <= shape[0]
    assert view.x0 < region.x1 and region.x0 < view.x1


def test_the_interval_is_wilsons() -> None:
    none = recall("nodule", 0, 6)
    assert none.low == pytest.approx(0.0, abs=1e-9)
    assert none.high == pytest.approx(1.96**2 / (6 + 1.96**2), abs=1e-3)
