"""`medsynth plan` counts what rebalancing would do, and says what it lacks."""

import shutil
from pathlib import Path

import pytest

from medsynth_aug.cli import main


def run(*arguments: str | Path) -> int:
    """Exit code of the command, run in this process."""
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def listed(root: Path) -> list[str | Path]:
    """Arguments that describe the example radiographs."""
    columns = ("--image", "file", "--patient", "patient_id", "--split", "train")
    return ["plan", root / "examples/data/labels.csv", *columns, "--background", "normal"]


@pytest.fixture
def folder(root: Path, tmp_path: Path) -> Path:
    """Four radiographs in a folder of two classes."""
    for name, number in (("normal", 3), ("nodule", 1)):
        (tmp_path / name).mkdir()
        for index, path in enumerate(sorted((root / "examples/data/images").glob("ker_*"))[:number]):
            shutil.copy(path, tmp_path / name / f"{index}.jpg")
    return tmp_path


def counts(shown: str) -> dict[str, list[str]]:
    """The figures of each class."""
    return {line.split()[0]: line.split()[1:] for line in shown.splitlines() if line}


def test_a_table_of_images_is_counted(listed: list[str | Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*listed, "--lesion", "pneumothorax=pneumothorax", "--max-ratio", "2") == 0
    shown = counts(capsys.readouterr().out)
    assert shown["pneumothorax"] == ["pneumothorax", "4", "36", "8", "12"]
    assert shown["normal"] == ["40", "40"]


def test_a_folder_is_counted_when_each_image_is_a_patient(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("plan", folder, "--each-image", "--lesion", "nodule=nodule", "--background", "normal") == 0
    assert counts(capsys.readouterr().out)["nodule"] == ["nodule", "1", "2", "1", "2"]


def test_a_folder_without_patients_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("plan", folder, "--lesion", "nodule=nodule", "--background", "normal") == 2
    assert "--each-image" in capsys.readouterr().err


def test_a_class_without_its_lesion_is_refused(
    listed: list[str | Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*listed, "--lesion", "nodule") == 2
    assert "--lesion is 'nodule'; write CLASS=LESION" in capsys.readouterr().err


def test_a_class_without_a_real_case_is_refused_by_name(
    listed: list[str | Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*listed, "--lesion", "fracture=nodule") == 2
    assert "'fracture' is not in the data" in capsys.readouterr().err
