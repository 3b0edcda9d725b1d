"""A DICOM header that makes no sense: the attribute is named, and the file is not called damaged."""

from pathlib import Path
from typing import Any

import pytest

from medsynth_aug.data.readers.decode import scale_of_file
from medsynth_aug.data.readers.formats import DicomSettings, read_dicom
from medsynth_aug.errors import ImageError, UnreadableFileError
from tests.data.dicom_files import film, lut, stored

DISPLAY = DicomSettings(values="display")
WINDOW = {"WindowCenter": 2000, "WindowWidth": 1000}
LINES = {"RescaleSlope": 1, "RescaleIntercept": 0}

FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "no polarity": ({"PhotometricInterpretation": None}, "no PhotometricInterpretation in its header"),
    "nothing": ({"BitsStored": 0, "HighBit": 0}, "BitsStored 0; with BitsAllocated 16 it is from 1 to 16"),
    "overfull": ({"BitsStored": 17, "HighBit": 15}, "BitsStored 17; with BitsAllocated 16"),
    "flat": ({**LINES, "RescaleSlope": 0}, "RescaleSlope 0, which makes all values equal; correct it"),
    "no slope": ({**LINES, "RescaleSlope": ""}, "a RescaleSlope that is not one finite number"),
    "endless": ({**LINES, "RescaleIntercept": b"inf "}, "a RescaleIntercept that is not one finite number"),
}
WINDOW_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "closed": ({**WINDOW, "WindowWidth": 0}, "WindowWidth 0, which is too narrow for LINEAR; correct it"),
    "negative": ({**WINDOW, "WindowWidth": -1, "VOILUTFunction": "SIGMOID"}, "WindowWidth -1, .* SIGMOID"),
    "no centre": ({**WINDOW, "WindowCenter": b"Anna"}, "a WindowCenter that is no finite number"),
    "unknown": ({**WINDOW, "VOILUTFunction": "ANNA"}, "VOILUTFunction that is none of LINEAR, LINEAR_EXACT"),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("values", ["stored", "modality", "display"])
def test_a_header_without_a_meaning_is_refused_by_attribute(tmp_path: Path, fault: str, values: Any) -> None:
    header, message = FAULTS[fault]
    path, settings = stored(tmp_path / "a.dcm", film(), **header), DicomSettings(values=values)
    for read in (read_dicom, scale_of_file):
        with pytest.raises(ImageError, match=rf"a\.dcm has .*{message}") as problem:
            read(path, settings)
        assert not isinstance(problem.value, UnreadableFileError)


@pytest.mark.parametrize("fault", WINDOW_FAULTS)
def test_a_bad_window_is_refused_only_where_it_is_used(tmp_path: Path, fault: str) -> None:
    header, message = WINDOW_FAULTS[fault]
    path = stored(tmp_path / "a.dcm", film(), **header)
    for read in (read_dicom, scale_of_file):
        with pytest.raises(
            ImageError, match=f'{message}.*, or read the file with values="stored"'
        ) as problem:
            read(path, DISPLAY)
        assert not isinstance(problem.value, UnreadableFileError) and "ANNA" not in str(problem.value).upper()
    assert (read_dicom(path).pixels.numpy()[0] == film()).all()
    table = lut([value // 2 for value in range(4096)], 0, 12)
    assert read_dicom(stored(tmp_path / "b.dcm", film(), **header, VOILUTSequence=[table]), DISPLAY)


@pytest.mark.parametrize("value", [0.2, [0.2, 0.2, 0.2], rb"0.2\nan ", [0.2, -0.2]])
@pytest.mark.parametrize("keyword", ["PixelSpacing", "ImagerPixelSpacing"])
def test_a_spacing_that_is_no_pair_tells_as_much_as_none(tmp_path: Path, keyword: str, value: Any) -> None:
    image = read_dicom(stored(tmp_path / "a.dcm", film(), **{keyword: value}))
    assert image.spacing is None and image.spacing_basis == "absent"


def test_a_magnification_or_orientation_of_the_wrong_length_is_not_used(tmp_path: Path) -> None:
    header = {"ImagerPixelSpacing": [0.2, 0.2], "EstimatedRadiographicMagnificationFactor": [1.1, 1.2]}
    image = read_dicom(stored(tmp_path / "a.dcm", film(), ImageOrientationPatient=1, **header))
    assert image.spacing_basis == "detector" and image.directions is None
