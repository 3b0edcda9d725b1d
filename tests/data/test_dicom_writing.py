"""DICOM out: the same pixels in the source's polarity, what is synthetic said, nothing of the patient."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
import torch

from medsynth_aug.data.readers.formats import DicomExport, DicomImage, DicomSettings, read_dicom, write_dicom
from medsynth_aug.errors import GridError, ImageError, SettingError, UnwritableFileError
from medsynth_aug.synthesis import FakeSynthesizer, SyntheticSample, real_source
from medsynth_aug.synthesis.canvas import Canvas
from medsynth_aug.synthesis.request import SynthesisRequest
from medsynth_aug.types import Spacing, ValueRange
from tests.data.dicom_files import IDENTITY, dicom, film, lut, saved
from tests.synthesis.material import RANGES, job, thorax

FILMS: dict[str, dict[str, Any]] = {
    "12-bit": {},
    "inverted": {"PhotometricInterpretation": "MONOCHROME1", "WindowCenter": 2000, "WindowWidth": 3000},
    "falling": {"RescaleSlope": -1, "RescaleIntercept": 4095, "RescaleType": "US"},
    "signed": {"array": film((120, 110), low=-2048, high=2047, dtype=np.int16)},
    "bytes": {"array": film((120, 110), high=255, dtype=np.uint8)},
    "odd": {"array": film((121, 111), high=255, dtype=np.uint8)},
    "voi lut": {"VOILUTSequence": [lut([value // 2 for value in range(1, 3001)], 500, 11)]},
    "falling lut": {"VOILUTSequence": [lut(list(range(255, -1, -1)), 100, 8)]},
    "modality lut": {"ModalityLUTSequence": [lut([value**2 // 300 for value in range(4096)], 0, 16)]},
    "lying": {"PatientOrientation": ["F", "L"], "ImageLaterality": "U"},
}


def source_file(path: Path, *, array: np.ndarray | None = None, **header: Any) -> DicomImage:
    array = film((120, 110)) if array is None else array
    spacing = {"PixelSpacing": [2.5, 2.6], "PixelSpacingCalibrationType": "FIDUCIAL"}
    spacing["PixelSpacingCalibrationDescription"] = "a ball"
    return read_dicom(saved(path, dicom(array, **spacing, BurnedInAnnotation="NO", **header)))


def painted(image: DicomImage, **changes: Any) -> SyntheticSample:
    source = real_source(image.pixels, value_range=image.value_range, spacing_mm=image.spacing)
    (made,) = FakeSynthesizer().synthesize([job(source, "nodule", **changes)])
    assert isinstance(made, SyntheticSample)
    return made


def whole(dtype: torch.dtype = torch.uint8) -> SyntheticSample:
    """A sample without a source, as an engine of whole images returns it."""
    source = thorax(dtype)
    name = str(dtype).removeprefix("torch.")
    canvas = Canvas(prompt="chest", height=120, width=110, dtype=name, value_range=RANGES[dtype])  # type: ignore[arg-type]
    request = SynthesisRequest(
        source="none", lesion=None, engine="engine", seed=0, slot="0", purpose="patient", canvas=canvas,
        anatomy_digest="0" * 64,
    )  # fmt: skip
    everywhere = torch.ones(1, 120, 110, dtype=torch.bool)
    return SyntheticSample(
        request=request, image=source.pixels, mask=~everywhere, edit_region=everywhere,
        value_range=ValueRange(*RANGES[dtype]), spacing=Spacing(2.6, 2.6),
    )  # fmt: skip


@pytest.mark.parametrize("name", FILMS)
def test_a_painted_image_comes_back_bit_by_bit(tmp_path: Path, name: str) -> None:
    like = source_file(tmp_path / "in.dcm", **FILMS[name])
    sample = painted(like)
    write_dicom(tmp_path / "out.dcm", sample, like=like)
    again = read_dicom(tmp_path / "out.dcm")
    assert torch.equal(again.pixels, sample.image) and again.value_range == sample.value_range
    assert (again.inverted, again.spacing, again.spacing_basis) == (like.inverted, like.spacing, "fiducial")


@pytest.mark.parametrize("name", FILMS)
def test_outside_the_edit_the_stored_values_are_the_sources(tmp_path: Path, name: str) -> None:
    like = source_file(tmp_path / "in.dcm", **FILMS[name])
    sample = painted(like)
    write_dicom(tmp_path / "out.dcm", sample, like=like)
    old, new = pydicom.dcmread(tmp_path / "in.dcm"), pydicom.dcmread(tmp_path / "out.dcm")
    before = old.pixel_array.T if like.swapped else old.pixel_array
    outside = ~sample.edit_region[0].numpy()
    assert (new.pixel_array[outside] == before[outside]).all() and (new.pixel_array != before).any()
    for keyword in ("PhotometricInterpretation", "BitsStored", "RescaleSlope", "WindowCenter", "Modality"):
        assert new.get(keyword) == old.get(keyword)
    assert ("VOILUTSequence" in new) == ("VOILUTSequence" in old)


@pytest.mark.parametrize("name", FILMS)
def test_the_written_image_is_shown_as_the_source_is(tmp_path: Path, name: str) -> None:
    like = source_file(tmp_path / "in.dcm", **FILMS[name])
    sample = painted(like)
    write_dicom(tmp_path / "out.dcm", sample, like=like)
    shown = [read_dicom(tmp_path / n, DicomSettings(values="display")) for n in ("in.dcm", "out.dcm")]
    before, after = (image.pixels.to(torch.int64)[~sample.edit_region] for image in shown)
    assert int((before - after).abs().max()) <= 1


def test_display_values_are_written_as_they_are_shown(tmp_path: Path) -> None:
    source_file(tmp_path / "in.dcm", **FILMS["inverted"])
    like = read_dicom(tmp_path / "in.dcm", DicomSettings(values="display"))
    sample = painted(like)
    write_dicom(tmp_path / "out.dcm", sample, like=like)
    again = read_dicom(tmp_path / "out.dcm", DicomSettings(values="display"))
    assert torch.equal(again.pixels, sample.image) and not again.inverted
    assert "WindowCenter" not in pydicom.dcmread(tmp_path / "out.dcm")


@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16, torch.int16])
def test_a_sample_without_a_file_behind_it_comes_back(tmp_path: Path, dtype: torch.dtype) -> None:
    write_dicom(tmp_path / "a.dcm", whole(dtype))
    again = read_dicom(tmp_path / "a.dcm")
    assert torch.equal(again.pixels, whole(dtype).image) and again.spacing == (2.6, 2.6)
    assert again.frontal and again.directions == ("L", "F")


def test_the_file_says_that_it_is_synthetic_in_standard_attributes(tmp_path: Path) -> None:
    like = source_file(tmp_path / "in.dcm")
    write_dicom(tmp_path / "a.dcm", painted(like), like=like)
    told = pydicom.dcmread(tmp_path / "a.dcm")
    assert told.SyntheticData == "YES" and told.ConversionType == "SYN"
    assert list(told.ImageType) == ["DERIVED", "SECONDARY"]
    (equipment,) = told.ContributingEquipmentSequence
    purpose = equipment.PurposeOfReferenceCodeSequence[0]
    assert (purpose.CodeValue, purpose.CodingSchemeDesignator) == ("109100", "DCM")
    assert painted(like).digest in equipment.ContributionDescription
    assert told.Manufacturer == "medsynth-aug" and told.SoftwareVersions
    assert told.SeriesDescription == "Synthetic: nodule in a real image"


def test_a_lesion_in_a_real_image_is_not_called_a_virtual_patient(tmp_path: Path) -> None:
    like = source_file(tmp_path / "in.dcm")
    write_dicom(tmp_path / "a.dcm", painted(like), like=like)
    write_dicom(tmp_path / "b.dcm", whole())
    write_dicom(tmp_path / "c.dcm", painted(like, purpose="sham"), like=like)
    real, none, sham = (pydicom.dcmread(tmp_path / f"{n}.dcm").DerivationDescription for n in "abc")
    box = painted(like).edit_region[0].nonzero()
    assert real.startswith("Lesion (nodule) synthesised by medsynth-aug into a radiograph of a real person")
    assert f"rows {box[:, 0].min()} to {box[:, 0].max()}" in real and real.endswith("not a virtual patient.")
    assert none.endswith("no pixel is real, and no person was imaged.")
    assert sham.startswith("Healthy tissue synthesised anew; no lesion was added")


def test_whoever_painted_into_a_sample_says_whether_it_is_virtual(tmp_path: Path) -> None:
    sample = whole()
    sample = replace(sample, request=painted(source_file(tmp_path / "in.dcm")).request)
    chained = replace(sample, request=replace(sample.request, source="sample:" + "a" * 64))
    with pytest.raises(SettingError, match="say whether that one is wholly synthetic"):
        write_dicom(tmp_path / "a.dcm", chained)
    write_dicom(tmp_path / "a.dcm", chained, export=DicomExport(virtual=True))
    told = pydicom.dcmread(tmp_path / "a.dcm")
    assert "into a wholly synthetic image" in told.DerivationDescription
    with pytest.raises(SettingError, match="virtual is True, but the source is real:"):
        write_dicom(tmp_path / "a.dcm", sample, export=DicomExport(virtual=True))


def test_nothing_of_the_patient_is_carried_over(tmp_path: Path) -> None:
    explained = lut(list(range(256)), 0, 8)
    explained.LUTExplanation = "for Anna"
    like = source_file(tmp_path / "in.dcm", VOILUTSequence=[explained])
    old = pydicom.dcmread(tmp_path / "in.dcm")
    secrets = [value for value in IDENTITY.values() if len(value) > 1]
    secrets += ["for Anna", old.StudyInstanceUID, old.SeriesInstanceUID, old.SOPInstanceUID]
    write_dicom(tmp_path / "a.dcm", painted(like), like=like)
    content = (tmp_path / "a.dcm").read_bytes()
    assert not [secret for secret in secrets if str(secret).encode() in content]
    told = pydicom.dcmread(tmp_path / "a.dcm")
    assert (told.PatientIdentityRemoved, told.BurnedInAnnotation) == ("YES", "NO")
    assert told.LongitudinalTemporalInformationModified == "REMOVED"
    assert [item.CodeValue for item in told.DeidentificationMethodCodeSequence] == ["113100", "113105"]


@pytest.mark.parametrize(("said", "stated"), [(None, None), ("YES", "YES")])
def test_an_image_that_may_show_a_name_is_not_called_de_identified(
    tmp_path: Path, said: str | None, stated: str | None
) -> None:
    like = source_file(tmp_path / "in.dcm")
    like.header.BurnedInAnnotation = said
    write_dicom(tmp_path / "a.dcm", painted(like), like=like)
    told = pydicom.dcmread(tmp_path / "a.dcm")
    assert told.PatientIdentityRemoved == "NO" and told.get("BurnedInAnnotation") == stated
    assert "DeidentificationMethodCodeSequence" not in told
    export = DicomExport(burned_in_annotation=False)
    write_dicom(tmp_path / "b.dcm", painted(like), like=like, export=export)
    assert pydicom.dcmread(tmp_path / "b.dcm").PatientIdentityRemoved == "YES"


def test_patient_and_study_are_kept_only_when_asked_for(tmp_path: Path) -> None:
    like = source_file(tmp_path / "in.dcm")
    old = pydicom.dcmread(tmp_path / "in.dcm")
    write_dicom(tmp_path / "a.dcm", painted(like), like=like, export=DicomExport(keep_study=True))
    told = pydicom.dcmread(tmp_path / "a.dcm")
    for keyword in ("PatientName", "PatientID", "StudyInstanceUID", "StudyDate", "AccessionNumber"):
        assert told[keyword].value == old[keyword].value
    assert told.SOPInstanceUID != old.SOPInstanceUID and told.SeriesInstanceUID != old.SeriesInstanceUID
    assert told.SourceImageSequence[0].ReferencedSOPInstanceUID == old.SOPInstanceUID
    assert "PatientIdentityRemoved" not in told and told.SyntheticData == "YES"
    nameless = source_file(tmp_path / "n.dcm", StudyInstanceUID=None, StudyID=None)
    with pytest.raises(ImageError, match="has no StudyInstanceUID; write the image without keep_study"):
        write_dicom(tmp_path / "b.dcm", painted(nameless), like=nameless, export=DicomExport(keep_study=True))
    with pytest.raises(SettingError, match="keep_study needs the source"):
        write_dicom(tmp_path / "b.dcm", whole(), export=DicomExport(keep_study=True))


def test_a_lossy_history_is_kept(tmp_path: Path) -> None:
    like = source_file(tmp_path / "in.dcm", LossyImageCompression="01", LossyImageCompressionRatio=10)
    write_dicom(tmp_path / "a.dcm", painted(like), like=like)
    assert pydicom.dcmread(tmp_path / "a.dcm").LossyImageCompression == "01"


def test_uncalibrated_spacing_stays_uncalibrated(tmp_path: Path) -> None:
    saved(tmp_path / "in.dcm", dicom(film((120, 110)), ImagerPixelSpacing=[2.5, 2.5]))
    like = read_dicom(tmp_path / "in.dcm", DicomSettings(detector_spacing=True))
    write_dicom(tmp_path / "a.dcm", painted(like), like=like)
    assert read_dicom(tmp_path / "a.dcm").spacing is None
    assert read_dicom(tmp_path / "a.dcm", like.settings).spacing == (2.5, 2.5)


def test_the_same_sample_is_the_same_file(tmp_path: Path) -> None:
    like = source_file(tmp_path / "in.dcm")
    for name in ("a", "b"):
        write_dicom(tmp_path / f"{name}.dcm", painted(like), like=like)
    assert (tmp_path / "a.dcm").read_bytes() == (tmp_path / "b.dcm").read_bytes()
    write_dicom(tmp_path / "c.dcm", painted(like, seed=1), like=like)
    uids = {pydicom.dcmread(tmp_path / f"{name}.dcm").SOPInstanceUID for name in "abc"}
    assert len(uids) == 2


def test_what_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    like = source_file(tmp_path / "in.dcm")
    other = source_file(tmp_path / "other.dcm", array=film((90, 80)))
    with pytest.raises(ImageError, match="float32; DICOM images hold integers"):
        write_dicom(tmp_path / "a.dcm", whole(torch.float32))
    with pytest.raises(GridError, match="pass the image that was painted into"):
        write_dicom(tmp_path / "a.dcm", painted(like), like=other)
    with pytest.raises(UnwritableFileError, match="create its folder"):
        write_dicom(tmp_path / "gone" / "a.dcm", painted(like), like=like)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.dcm", "other.dcm"]


def complaints(path: Path) -> list[str]:
    """What dciodvfy calls an error, but that it does not know Synthetic Data, which is younger than it."""
    done = subprocess.run([shutil.which("dciodvfy") or "", path], capture_output=True, text=True, check=False)
    lines = (done.stdout + done.stderr).splitlines()
    assert "SCImage" in lines, lines
    younger = "not a recognized standard attribute - (0x0008,0x001c)"
    return [line for line in lines if line.startswith("Error") and younger not in line]


@pytest.mark.dicom
@pytest.mark.parametrize("name", FILMS)
@pytest.mark.parametrize("keep_study", [False, True])
def test_dciodvfy_finds_no_error_in_a_painted_image(tmp_path: Path, name: str, keep_study: bool) -> None:
    like = source_file(tmp_path / "in.dcm", **FILMS[name])
    write_dicom(tmp_path / "a.dcm", painted(like), like=like, export=DicomExport(keep_study=keep_study))
    assert not complaints(tmp_path / "a.dcm")


@pytest.mark.dicom
@pytest.mark.parametrize("dtype", [torch.uint8, torch.uint16, torch.int16])
def test_dciodvfy_finds_no_error_in_a_whole_synthetic_image(tmp_path: Path, dtype: torch.dtype) -> None:
    write_dicom(tmp_path / "a.dcm", whole(dtype))
    assert not complaints(tmp_path / "a.dcm")


@pytest.mark.dicom
def test_dciodvfy_would_find_an_error(tmp_path: Path) -> None:
    write_dicom(tmp_path / "a.dcm", whole())
    broken = pydicom.dcmread(tmp_path / "a.dcm")
    del broken.ConversionType
    broken.save_as(tmp_path / "b.dcm")
    assert complaints(tmp_path / "b.dcm")
