"""DICOM out: numbers and the standard's terms are carried over, words of the source's header never are."""

from pathlib import Path
from typing import Any

import pydicom
import pytest

from medsynth_aug.data.readers.formats import DicomImage, read_dicom, write_dicom
from medsynth_aug.data.readers.formats.dicom_terms import TERMS
from medsynth_aug.data.readers.formats.opening import HEADER_TAGS
from tests.data.dicom_files import dicom, film, lut, saved
from tests.data.test_dicom_writing import complaints, painted

SECRET = "MUELLER"

READ_AS_NUMBERS = (
    "SamplesPerPixel", "PlanarConfiguration", "NumberOfFrames", "Rows", "Columns", "BitsAllocated",
    "BitsStored", "HighBit", "PixelRepresentation", "RescaleIntercept", "RescaleSlope",
    "PhotometricInterpretation", "SOPClassUID",
)  # fmt: skip
"""Without these as they should be, nothing is read that could be written."""

SEQUENCES = ("ModalityLUTSequence", "VOILUTSequence", "ViewCodeSequence")

WORDY = [keyword for keyword in HEADER_TAGS if keyword not in (*READ_AS_NUMBERS, *SEQUENCES)]


def source(path: Path, **header: Any) -> DicomImage:
    return read_dicom(saved(path, dicom(film((120, 110)), **{"BurnedInAnnotation": "NO", **header})))


def written(path: Path, like: DicomImage) -> pydicom.FileDataset:
    write_dicom(path, painted(like), like=like)
    assert SECRET.encode() not in path.read_bytes().upper()
    return pydicom.dcmread(path)


def wordy_lut() -> pydicom.Dataset:
    table = lut(list(range(4096)), 0, 16)
    table.ModalityLUTType = table.LUTExplanation = SECRET
    return table


@pytest.mark.parametrize("keyword", WORDY)
@pytest.mark.parametrize("text", [SECRET, f"CHEST {SECRET}", f"1\\{SECRET}"])
def test_no_word_of_any_attribute_that_is_read_gets_into_the_file(
    tmp_path: Path, keyword: str, text: str
) -> None:
    header = {"WindowCenter": 2000, "WindowWidth": 1000, keyword: text.encode()}
    told = written(tmp_path / "out.dcm", source(tmp_path / "in.dcm", **header))
    assert told.SyntheticData == "YES"


def test_no_word_of_the_grey_scale_gets_into_the_file(tmp_path: Path) -> None:
    scaled = source(tmp_path / "a.dcm", RescaleSlope=2, RescaleIntercept=-5, RescaleType=SECRET.encode())
    told = written(tmp_path / "b.dcm", scaled)
    assert (told.RescaleSlope, told.RescaleIntercept, told.RescaleType) == (2, -5, "US")
    tables = {"ModalityLUTSequence": [wordy_lut()], "VOILUTSequence": [wordy_lut()]}
    told = written(tmp_path / "d.dcm", source(tmp_path / "c.dcm", **tables))
    assert told.ModalityLUTSequence[0].ModalityLUTType == "US"


@pytest.mark.parametrize(
    ("keyword", "term"), [(keyword, term) for keyword in TERMS for term in TERMS[keyword]]
)
def test_a_term_of_the_standard_is_carried_over(tmp_path: Path, keyword: str, term: str) -> None:
    shown = {"WindowCenter": 2000, "WindowWidth": 1000, "RescaleSlope": 1, "RescaleIntercept": 0}
    told = written(tmp_path / "b.dcm", source(tmp_path / "a.dcm", **{**shown, keyword: term}))
    assert told[keyword].value == term


def test_what_de_identification_left_is_said_as_it_is(tmp_path: Path) -> None:
    told = written(tmp_path / "b.dcm", source(tmp_path / "a.dcm"))
    said, by = told.DeidentificationMethod
    assert told.PatientIdentityRemoved == "YES" and by.startswith("medsynth-aug ")
    assert said == "Only numbers and defined terms on the pixels were carried over" and len(said) <= 64


def test_a_window_that_shows_nothing_is_not_carried_over(tmp_path: Path) -> None:
    closed = source(tmp_path / "a.dcm", WindowCenter=2000, WindowWidth=0, VOILUTFunction="LINEAR")
    told = written(tmp_path / "b.dcm", closed)
    assert not [keyword for keyword in ("WindowCenter", "WindowWidth", "VOILUTFunction") if keyword in told]


@pytest.mark.dicom
@pytest.mark.parametrize("keyword", [*WORDY, "RescaleType"])
def test_dciodvfy_finds_no_error_where_words_were_left_out(tmp_path: Path, keyword: str) -> None:
    shown = {"WindowCenter": 2000, "WindowWidth": 1000, "RescaleSlope": 1, "RescaleIntercept": 0}
    written(tmp_path / "b.dcm", source(tmp_path / "a.dcm", **{**shown, keyword: SECRET.encode()}))
    assert not complaints(tmp_path / "b.dcm")


@pytest.mark.dicom
@pytest.mark.parametrize("part", TERMS["BodyPartExamined"])
@pytest.mark.parametrize("side", [None, "U"])
def test_dciodvfy_misses_no_laterality_of_a_body_part(tmp_path: Path, part: str, side: str | None) -> None:
    like = source(tmp_path / "a.dcm", BodyPartExamined=part, ImageLaterality=side)
    written(tmp_path / "b.dcm", like)
    assert not complaints(tmp_path / "b.dcm")
