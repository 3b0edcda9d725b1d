"""`medsynth patients`: fills a bank, tells what it made, and draws a sheet to look at."""

import json
from pathlib import Path

import cv2
import pytest
from typer.testing import CliRunner

from medsynth_aug.bank import SampleBank
from medsynth_aug.cli.app import build, main
from medsynth_aug.corpus import PatientStore, patient_sheet
from medsynth_aug.errors import UnwritableFileError


def run(*arguments: str) -> str:
    result = CliRunner().invoke(build(), ["patients", *arguments])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_command_makes_patients_and_a_sheet_and_goes_on_where_it_stopped(tmp_path: Path) -> None:
    shares = tmp_path / "population.json"
    shares.write_text(json.dumps({"findings": {"nodule": 1.0}, "follow_up_share": 1.0}))
    given = ("--bank", str(tmp_path / "bank"), "--checkpoint", "none", "--side", "96")
    asked = (*given, "--population", str(shares), "--sheet", str(tmp_path / "sheet.png"))
    told = run("--n", "2", *asked)
    assert "2 virtual patients with 4 images, 2 made now, 0 left out" in told
    assert f"sheet: {tmp_path / 'sheet.png'}" in told.replace("\n", "")
    again = run("--n", "3", *asked)
    assert "3 virtual patients with 6 images, 1 made now, 0 left out" in again
    kept = list(PatientStore(SampleBank(tmp_path / "bank")).all())
    assert [one.lesion for patient in kept for one in patient.findings] == ["nodule"] * 6


def test_the_sheet_shows_each_image_plain_and_with_its_findings_outlined(
    filled: SampleBank, tmp_path: Path
) -> None:
    patients = list(PatientStore(filled).all())[:2]
    sheet = cv2.imread(str(patient_sheet(filled, patients, tmp_path / "deep" / "sheet.png")))
    assert sheet is not None
    coloured = (sheet.max(2) - sheet.min(2)) > 40
    columns = coloured.any(0)
    width = 2 * 256 + 6
    assert sheet.shape[1] == 3 * width
    for cell in range(3):
        assert not columns[cell * width : cell * width + 256].any()
        assert columns[cell * width + 256 : (cell + 1) * width].any()
    with pytest.raises(UnwritableFileError, match="cannot be written"):
        (tmp_path / "file").write_text("")
        patient_sheet(filled, patients, tmp_path / "file" / "sheet.png")


def test_an_unknown_share_is_one_red_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shares = tmp_path / "population.json"
    shares.write_text('{"beds": 3}')
    with pytest.raises(SystemExit):
        main(
            ["patients", "--n", "1", "--bank", str(tmp_path / "bank"), "--population", str(shares)]
        )  # fmt: skip
    assert "a population has no beds" in capsys.readouterr().err
    assert not (tmp_path / "bank").exists()
