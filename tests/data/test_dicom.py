"""DICOM in: stored values stay exact, bone comes out bright, directions and millimetres are the header's."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes

from medsynth_aug.data.readers.formats import DicomSettings, dicom_patient, read_dicom
from medsynth_aug.errors import ImageError, SettingError
from tests.data.dicom_files import IDENTITY, film, lut, stored


@pytest.mark.parametrize(
    ("bits", "dtype", "low", "high"),
    [
        (8, np.uint8, 0, 255),
        (10, np.uint16, 0, 1023),
        (12, np.uint16, 0, 4095),
        (14, np.uint16, 0, 16383),
        (16, np.uint16, 0, 65535),
        (12, np.int16, -2048, 2047),
        (16, np.int16, -32768, 32767),
    ],
)
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_stored_values_come_out_exact_or_inverted_without_loss(
    tmp_path: Path, bits: int, dtype: Any, low: int, high: int, photometric: str
) -> None:
    array = film(low=low, high=high, dtype=dtype)
    path = stored(tmp_path / "a.dcm", array, BitsStored=bits, PhotometricInterpretation=photometric)
    image = read_dicom(path)
    expected = array if photometric == "MONOCHROME2" else (low + high - array.astype(int)).astype(dtype)
    assert image.pixels.numpy().dtype == dtype and (image.pixels.numpy()[0] == expected).all()
    assert image.value_range == (low, high) and image.inverted == (photometric == "MONOCHROME1")


def test_signed_bytes_become_int16(tmp_path: Path) -> None:
    array = film(low=-128, high=127, dtype=np.int8)
    image = read_dicom(stored(tmp_path / "a.dcm", array))
    assert image.pixels.dtype == torch.int16 and (image.pixels.numpy()[0] == array).all()
    assert image.value_range == (-128, 127)


@pytest.mark.parametrize("dtype", [np.uint16, np.int16])
def test_values_above_the_lowest_bits_are_cut_out(tmp_path: Path, dtype: Any) -> None:
    array = film() if dtype == np.uint16 else film(low=-2048, high=2047, dtype=dtype)
    overlay = np.random.default_rng(1).integers(0, 16, array.shape)
    raised = (array.astype(np.int64) << 4 | overlay).astype(dtype)
    image = read_dicom(stored(tmp_path / "a.dcm", raised, BitsStored=12, HighBit=15))
    assert (image.pixels.numpy()[0] == array).all()


def test_a_falling_rescale_or_voi_lut_turns_the_bright_end_round(tmp_path: Path) -> None:
    falling = {"RescaleSlope": -1, "RescaleIntercept": 4095}
    assert read_dicom(stored(tmp_path / "a.dcm", film(), **falling)).inverted
    both = read_dicom(stored(tmp_path / "b.dcm", film(), PhotometricInterpretation="MONOCHROME1", **falling))
    assert not both.inverted
    table = lut(list(range(4095, -1, -1)), 0, 12)
    assert read_dicom(stored(tmp_path / "c.dcm", film(), VOILUTSequence=[table])).inverted


def test_modality_values_are_the_rescaled_ones(tmp_path: Path) -> None:
    array, settings = film(), DicomSettings(values="modality")
    image = read_dicom(stored(tmp_path / "a.dcm", array, RescaleSlope=2, RescaleIntercept=-1000), settings)
    assert image.pixels.dtype == torch.int16 and image.value_range == (-1000, 7190)
    assert (image.pixels.numpy()[0] == array.astype(int) * 2 - 1000).all()
    image = read_dicom(stored(tmp_path / "b.dcm", array, RescaleSlope=0.5, RescaleIntercept=0), settings)
    assert image.pixels.dtype == torch.float32 and image.value_range == (0, 2047.5)
    assert np.allclose(image.pixels.numpy()[0], array * 0.5)


def test_a_modality_lut_gives_its_entries(tmp_path: Path) -> None:
    table = [min(65535, value**2 // 200) for value in range(4096)]
    path = stored(tmp_path / "a.dcm", film(), ModalityLUTSequence=[lut(table, 0, 16)])
    image = read_dicom(path, DicomSettings(values="modality"))
    assert (image.pixels.numpy()[0] == np.array(table)[film()]).all() and image.value_range == (0, 65535)


def window(values: np.ndarray, center: float, width: float, function: str) -> np.ndarray:
    """What PS3.3, C.11.2.1.2 and C.11.2.1.3 say, from 0 to 1."""
    if function == "LINEAR":
        return np.clip((values - (center - 0.5)) / (width - 1) + 0.5, 0, 1)
    if function == "LINEAR_EXACT":
        return np.clip((values - center) / width + 0.5, 0, 1)
    return 1 / (1 + np.exp(-4 * (values - center) / width))


@pytest.mark.parametrize("function", ["LINEAR", "LINEAR_EXACT", "SIGMOID"])
@pytest.mark.parametrize("slope", [1.0, -2.0])
@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_display_values_follow_the_window(
    tmp_path: Path, function: str, slope: float, photometric: str
) -> None:
    array, center, width = film(), slope * 2000 + 50, 1500
    header = {"WindowCenter": center, "WindowWidth": width, "VOILUTFunction": function}
    path = stored(
        tmp_path / "a.dcm", array, RescaleSlope=slope, RescaleIntercept=50,
        PhotometricInterpretation=photometric, **header,
    )  # fmt: skip
    image = read_dicom(path, DicomSettings(values="display"))
    shown = window(array * slope + 50, center, width, function) * 65535
    expected = shown if photometric == "MONOCHROME2" else 65535 - shown
    assert image.pixels.dtype == torch.uint16 and image.value_range == (0, 65535)
    assert np.abs(image.pixels.numpy()[0].astype(float) - expected).max() <= 1


@pytest.mark.parametrize(("bits", "most"), [(8, 255), (12, 4095)])
def test_display_values_follow_a_voi_lut_also_one_of_many_8_bit_entries(
    tmp_path: Path, bits: int, most: int
) -> None:
    table = [round(most * (value / 3000) ** 0.5) for value in range(3001)]
    path = stored(tmp_path / "a.dcm", film(), VOILUTSequence=[lut(table, 500, bits)])
    image = read_dicom(path, DicomSettings(values="display"))
    entries = np.array(table)[np.clip(film().astype(int) - 500, 0, 3000)]
    assert np.abs(image.pixels.numpy()[0] - entries / most * 65535).max() <= 1


def test_display_values_without_a_window_are_the_whole_range(tmp_path: Path) -> None:
    image = read_dicom(stored(tmp_path / "a.dcm", film()), DicomSettings(values="display"))
    assert np.abs(image.pixels.numpy()[0] - film() / 4095 * 65535).max() <= 1


@pytest.mark.parametrize(
    ("header", "spacing", "basis"),
    [
        ({}, None, "absent"),
        ({"ImagerPixelSpacing": [0.2, 0.1]}, None, "detector"),
        ({"NominalScannedPixelSpacing": [0.2, 0.1]}, None, "detector"),
        ({"PixelSpacing": [0.2, 0.1]}, None, "unknown"),
        ({"PixelSpacing": [0.2, 0.1], "ImagerPixelSpacing": [0.2, 0.1]}, None, "detector"),
        ({"PixelSpacing": [0.18, 0.09], "ImagerPixelSpacing": [0.2, 0.1]}, (0.18, 0.09), "corrected"),
        ({"PixelSpacing": [0.2, 0.1], "PixelSpacingCalibrationType": "FIDUCIAL"}, (0.2, 0.1), "fiducial"),
        ({"PixelSpacing": [0.2, 0.1], "PixelSpacingCalibrationType": "GEOMETRY"}, (0.2, 0.1), "geometry"),
        (
            {"ImagerPixelSpacing": [0.2, 0.1], "EstimatedRadiographicMagnificationFactor": 1.25},
            (0.16, 0.08),
            "magnification factor",
        ),
        (
            {"PixelSpacing": [0.2, 0.1], "ImageOrientationPatient": [1, 0, 0, 0, 0, -1]},
            (0.2, 0.1),
            "image plane",
        ),
        ({"PixelSpacing": [0, 0.1], "PixelSpacingCalibrationType": "GEOMETRY"}, None, "absent"),
    ],
)
def test_millimetres_are_claimed_only_where_the_header_calibrates_them(
    tmp_path: Path, header: dict[str, Any], spacing: tuple[float, float] | None, basis: str
) -> None:
    path = stored(tmp_path / "a.dcm", film(), **header)
    image = read_dicom(path)
    assert image.spacing == pytest.approx(spacing) and image.spacing_basis == basis
    either = read_dicom(path, DicomSettings(detector_spacing=True)).spacing
    assert (either is None) == (basis == "absent")


ORIENTED = {
    ("L", "F"): lambda a: a,
    ("R", "F"): lambda a: a[:, ::-1],
    ("L", "H"): lambda a: a[::-1],
    ("R", "H"): lambda a: a[::-1, ::-1],
    ("F", "L"): lambda a: a.T,
    ("H", "R"): lambda a: a.T[::-1, ::-1],
    ("A", "H"): lambda a: a[::-1],
    ("P", "F"): lambda a: a,
}


@pytest.mark.parametrize("given", ORIENTED)
def test_head_comes_out_up_and_the_patients_right_first(tmp_path: Path, given: tuple[str, str]) -> None:
    array = film()
    header = {"PatientOrientation": list(given), "PixelSpacing": [0.2, 0.1]}
    path = stored(tmp_path / "a.dcm", array, PixelSpacingCalibrationType="GEOMETRY", **header)
    image = read_dicom(path)
    turned = ORIENTED[given](array)
    assert (image.pixels.numpy()[0] == turned).all()
    assert image.spacing == ((0.1, 0.2) if turned.shape != array.shape else (0.2, 0.1))
    assert image.directions is not None and image.directions.down_column == "F"
    assert image.directions.along_row in ("L", "A", "P")


@pytest.mark.parametrize("orientation", [None, "", ["L"], ["L", "R"], ["X", "F"]])
def test_an_image_without_clear_directions_stays_as_it_is(tmp_path: Path, orientation: Any) -> None:
    image = read_dicom(stored(tmp_path / "a.dcm", film(), PatientOrientation=orientation))
    assert (image.pixels.numpy()[0] == film()).all() and image.directions is None


def view_code(code: Any) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code
    return item


@pytest.mark.parametrize(
    ("header", "frontal"),
    [
        ({}, None),
        ({"ViewPosition": "PA"}, True),
        ({"ViewPosition": "LL"}, False),
        ({"ViewPosition": "LLD"}, None),
        ({"PatientOrientation": ["L", "F"]}, True),
        ({"PatientOrientation": ["A", "F"]}, False),
        ({"ViewPosition": "PA", "PatientOrientation": ["A", "F"]}, False),
        ({"ViewCodeSequence": [view_code(("R-10206", "SRT", "antero-posterior"))]}, True),
        ({"ViewCodeSequence": [view_code(("R-10214", "SNM3", "postero-anterior"))]}, True),
        ({"ViewCodeSequence": [view_code(("399173006", "SCT", "left lateral"))]}, False),
    ],
)
def test_what_is_not_frontal_is_refused_only_if_asked(
    tmp_path: Path, header: dict[str, Any], frontal: bool | None
) -> None:
    path = stored(tmp_path / "a.dcm", film(), **header)
    assert read_dicom(path).frontal is frontal
    if frontal:
        assert read_dicom(path, DicomSettings(frontal_only=True)).frontal
    else:
        with pytest.raises(ImageError, match=r"a\.dcm .* not .*frontal; leave it out"):
            read_dicom(path, DicomSettings(frontal_only=True))


def test_laterality_and_view_are_the_headers(tmp_path: Path) -> None:
    code = view_code((codes.SCT.PosteroAnterior.value, "SCT", "postero-anterior"))
    image = read_dicom(stored(tmp_path / "a.dcm", film(), ImageLaterality="L", ViewCodeSequence=[code]))
    assert (image.laterality, image.view) == ("L", "postero-anterior")
    assert read_dicom(stored(tmp_path / "b.dcm", film(), Laterality="R", ViewPosition="AP")).view == "AP"


def test_the_patient_is_read_when_asked_for_and_stands_nowhere_else(tmp_path: Path) -> None:
    image = read_dicom(stored(tmp_path / "a.dcm", film()))
    assert image.patient == dicom_patient(image.path) == "ID-4711"
    told = repr(image) + str(image.header) + image.header.to_json()
    assert not [value for value in IDENTITY.values() if len(value) > 1 and value in told]


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(SettingError, match="values is 'raw'; choose from stored, modality, display"):
        DicomSettings(values="raw")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="frames are counted from 0"):
        DicomSettings(frame=-1)
