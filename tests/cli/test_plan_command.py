"""`medsynth plan` counts what rebalancing would do, and says what it lacks."""

import shutil
from pathlib import Path

import pytest

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.cli import main
from medsynth_aug.data import Plan
from medsynth_aug.synthesis import FakeSynthesizer


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


def test_the_cost_is_told_before_anything_is_painted(
    listed: list[str | Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*listed, "--lesion", "nodule=nodule") == 0
    shown = capsys.readouterr().out
    assert "for 4 samples" in shown and "time: unknown until a rate was measured" in shown
    assert "engine: fake, it paints the lesion priors alone; see --checkpoint" in shown


def test_the_time_is_measured_on_a_few_samples_and_says_so(
    listed: list[str | Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(*listed, "--lesion", "nodule=nodule", "--time") == 0
    assert "s a sample, measured on n = 3" in capsys.readouterr().out


def test_columns_are_matched_and_what_could_not_be_is_named(
    listed: list[str | Path], capsys: pytest.CaptureFixture[str]
) -> None:
    lesion = ("--lesion", "pneumothorax=pneumothorax", "--max-ratio", "4")
    assert run(*listed, *lesion, "--match", "view", "--match", "sex") == 0
    shown = capsys.readouterr().out
    assert ["pneumothorax", "AP", "M", "7", "1", "4", "25.0%", "25.0%"] in [
        line.split() for line in shown.splitlines()
    ]
    given, fate = {(): "4", ("--match-loosely",): "16"}, {"4": "left out", "16": "given to the other strata"}
    for loosely, granted in given.items():
        assert run(*listed, *lesion, "--match", "age", *loosely) == 0
        shown = capsys.readouterr().out
        assert "12 of 16 samples could not be matched, no background has age=24 (4); age=32 (4)" in shown
        assert f"they were {fate[granted]}" in shown
        assert f"\n{granted} samples, painted into images" in shown


@pytest.mark.parametrize(
    ("match", "says"),
    [
        ("side", "has no column side"),
        ("width:wide", "--match is 'width:wide'; write COLUMN, or COLUMN:WIDTH"),
        ("width:0", "width of an age band is 0.0; it must be above 0"),
        ("view:10", "'PA' is no age"),
    ],
)
def test_a_column_that_cannot_be_matched_is_refused(
    listed: list[str | Path], capsys: pytest.CaptureFixture[str], match: str, says: str
) -> None:
    assert run(*listed, "--lesion", "nodule=nodule", "--match", match) == 2
    assert says in capsys.readouterr().err


def test_numbers_are_matched_in_bands(listed: list[str | Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(*listed, "--lesion", "nodule=nodule", "--match", "width:1000") == 0
    assert "0 to <1000" in capsys.readouterr().out


def test_a_folder_has_no_columns_to_match(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("--each-image", "--lesion", "nodule=nodule", "--background", "normal", "--match", "view")
    assert run("plan", folder, *given) == 2
    assert "--match names columns of a CSV file" in capsys.readouterr().err


def test_a_saved_plan_and_its_bank_need_no_data_set(
    listed: list[str | Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bank, file = tmp_path / "bank", tmp_path / "plan.jsonl"
    wishes = ("--lesion", "nodule=nodule", "--sham-fraction", "0.1", "--max-per-patient", "2")
    assert run(*listed, *wishes, "--bank", bank, "--save", file) == 0
    shown = capsys.readouterr().out
    assert "4 background items are replaced by a sham edit" in shown
    assert "of it copies of the sources" in shown
    assert f"next: medsynth generate {file} --bank {bank}" in shown
    plan, held = Plan.load(file), SampleBank(bank)
    assert (len(plan), len(plan.shams), len(held)) == (4, 4, 0)
    report = generate(plan.requests, FakeSynthesizer(), held, SourceStore(held), progress=False)
    assert report.made == 8 and not report.refused
