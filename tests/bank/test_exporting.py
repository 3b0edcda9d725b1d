"""An export is what the bank holds, readable by anything, whole or not there, and says what is real."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from medsynth_aug.bank import SampleBank
from medsynth_aug.errors import BankError, DamagedSampleError, SettingError
from medsynth_aug.synthesis import SynthesisRequest
from tests.bank.backends import FILES, MEMORY, POSTGRES, place_of, tamper
from tests.bank.material import DTYPES, sample, whole_image


@pytest.fixture(params=[FILES, MEMORY, POSTGRES])
def backend(request: pytest.FixtureRequest) -> str:
    return request.param


def rows_of(folder: Path) -> dict[str, dict[str, str]]:
    with (folder / "samples.csv").open(newline="") as file:
        return {row["digest"]: row for row in csv.DictReader(file)}


def records_of(folder: Path) -> dict[str, dict]:
    lines = (folder / "samples.jsonl").read_text().splitlines()
    return {each["digest"]: each for each in map(json.loads, lines)}


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_pixels_are_exported_as_they_are(bank: SampleBank, tmp_path: Path, dtype: torch.dtype) -> None:
    made = sample(1, dtype)
    bank.add(made)
    folder = bank.export(tmp_path / "out")
    path = folder / rows_of(folder)[made.digest]["image"]
    if dtype in (torch.uint8, torch.uint16):
        pixels = np.asarray(Image.open(path)).astype(made.image.numpy().dtype)[None]
    else:
        pixels = np.load(path, allow_pickle=False)
    assert pixels.dtype == made.image.numpy().dtype
    assert np.array_equal(pixels, made.image.numpy())
    for name, map_ in (("mask", made.mask), ("edit_region", made.edit_region)):
        stored = np.asarray(Image.open(folder / rows_of(folder)[made.digest][name]))
        assert np.array_equal(stored, map_[0].numpy() * np.uint8(255))


def test_the_tables_say_what_the_samples_are(bank: SampleBank, tmp_path: Path) -> None:
    made, sham = sample(1), sample(2, purpose="sham")
    for each in (made, sham):
        bank.add(each)
    folder = bank.export(tmp_path / "out")
    row, record = rows_of(folder)[made.digest], records_of(folder)[made.digest]
    assert made.box is not None and made.spacing is not None
    assert [int(row[name]) for name in ("x0", "y0", "x1", "y1")] == list(made.box) == record["box"]
    assert (row["lesion"], row["purpose"], row["lowest"], row["highest"]) == (
        "nodule",
        "lesion",
        "0.0",
        "255.0",
    )
    assert (float(row["row_spacing_mm"]), record["spacing_mm"]) == (2.5, [2.5, 2.5])
    assert SynthesisRequest.from_json(record["request"]) == made.request
    assert record["provenance"] == made.provenance
    assert rows_of(folder)[sham.digest]["x0"] == "" and records_of(folder)[sham.digest]["box"] is None


def test_what_derives_from_real_patients_is_marked(bank: SampleBank, tmp_path: Path) -> None:
    painted, whole = sample(1), whole_image(bank)
    for each in (painted, whole):
        bank.add(each)
    folder = bank.export(tmp_path / "out")
    marked = {digest: row["derived_from_real"] for digest, row in rows_of(folder).items()}
    assert marked == {painted.digest: "true", whole.digest: "false"}
    assert {d: each["derived_from_real"] for d, each in records_of(folder).items()} == {
        painted.digest: True,
        whole.digest: False,
    }
    assert "2 synthetic radiographs" in (folder / "NOTICE.txt").read_text()
    assert "1 of them derive from real patients" in (folder / "NOTICE.txt").read_text()


def test_some_samples_may_be_chosen(bank: SampleBank, tmp_path: Path) -> None:
    made = [sample(number) for number in range(3)]
    for each in made:
        bank.add(each)
    folder = bank.export(tmp_path / "out", digests=[made[2].digest, made[0].digest, made[2].digest])
    assert list(rows_of(folder)) == [made[2].digest, made[0].digest]


@pytest.mark.parametrize("there", ["folder", "file", "dangling link"])
def test_an_export_never_overwrites(bank: SampleBank, tmp_path: Path, there: str) -> None:
    target = tmp_path / "out"
    if there == "folder":
        target.mkdir()
    elif there == "file":
        target.write_text("mine")
    else:
        target.symlink_to(tmp_path / "nowhere")
    with pytest.raises(SettingError, match="out exists; an export never overwrites"):
        bank.export(target)


def test_an_export_that_fails_leaves_nothing(bank: SampleBank, tmp_path: Path) -> None:
    made = [sample(number) for number in range(2)]
    for each in made:
        bank.add(each)
    (tmp_path / "into").mkdir()
    with pytest.raises(BankError, match=r"no sample 0{64}"):
        bank.export(tmp_path / "into" / "out", digests=[made[0].digest, "0" * 64])
    tamper(place_of(bank, made[1].digest), b"damaged")
    with pytest.raises(DamagedSampleError):
        bank.export(tmp_path / "into" / "out")
    assert list((tmp_path / "into").iterdir()) == []


def test_an_empty_bank_is_exported_empty(bank: SampleBank, tmp_path: Path) -> None:
    assert rows_of(bank.export(tmp_path / "far" / "out")) == {}
