"""What a written DICOM file says of itself: that it is synthetic, how it came about, of whom it is not."""

from dataclasses import dataclass

from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from medsynth_aug.errors import ImageError, SettingError
from medsynth_aug.synthesis.sample import SyntheticSample
from medsynth_aug.version import __version__

MAKER = "medsynth-aug"

KEPT = "Only numbers and defined terms on the pixels were carried over"
"""What a painted image has of its source's header, in the 64 characters that DICOM allows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomExport:
    """What a written DICOM file carries over from the file that was painted into.

    Args:
        burned_in_annotation: Whether text that names the patient may stand in the pixels; None takes what the
            source's header says, and "no" for a wholly synthetic image. Only where it is "no" does the file
            call itself de-identified.
        keep_study: File the image under the patient and the study of the source, and refer to the source.
            Nothing is de-identified then: for use in the archive that the source is from.
        virtual: Whether no pixel is real; needed where the sample was painted into another sample, whose own
            source the bank knows.
    """

    burned_in_annotation: bool | None = None
    keep_study: bool = False
    virtual: bool | None = None


def is_virtual(sample: SyntheticSample, export: DicomExport) -> bool:
    """Whether no pixel of the sample is real.

    Raises:
        SettingError: If neither sample nor settings say so, or they contradict each other.
    """
    known = sample.request.is_virtual
    if known is None and export.virtual is None:
        raise SettingError(
            f"the source is {sample.request.source[:23]}...; say whether that one is wholly synthetic: "
            "DicomExport(virtual=True) or False"
        )
    if None not in (known, export.virtual) and known != export.virtual:
        raise SettingError(f"virtual is {export.virtual}, but the source is {sample.request.source[:23]}")
    return bool(known if export.virtual is None else export.virtual)


def state_synthesis(dataset: Dataset, sample: SyntheticSample, virtual: bool) -> None:
    """State in standard attributes that the content is synthetic, by what, and which part of it."""
    dataset.SyntheticData = "YES"
    dataset.ImageType = ["DERIVED", "SECONDARY"]
    dataset.ConversionType = "SYN"
    dataset.Manufacturer = dataset.ManufacturerModelName = MAKER
    dataset.SoftwareVersions = __version__
    dataset.SeriesDescription = _summary(sample, virtual)[:64]
    dataset.DerivationDescription = describe(sample, virtual)[:1024]
    equipment = Dataset()
    equipment.Manufacturer = equipment.ManufacturerModelName = MAKER
    equipment.SoftwareVersions = __version__
    equipment.PurposeOfReferenceCodeSequence = [code_item(codes.CID7005.SynthesizingEquipment)]
    equipment.ContributionDescription = f"engine {sample.request.engine}, sample {sample.digest}"
    dataset.ContributingEquipmentSequence = [equipment]


def describe(sample: SyntheticSample, virtual: bool) -> str:
    """What was synthesised, where, and whether any pixel is of a person."""
    region = sample.edit_region[0]
    rows, columns = region.any(dim=1).nonzero(), region.any(dim=0).nonzero()
    base = "a wholly synthetic image" if virtual else "a radiograph of a real person"
    if sample.request.source == "none":
        return f"Whole image synthesised by {MAKER}: no pixel is real, and no person was imaged."
    what = (
        "Healthy tissue synthesised anew; no lesion was added"
        if sample.request.purpose == "sham"
        else f"Lesion ({sample.lesion}) synthesised"
    )
    where = (
        f"rows {int(rows[0])} to {int(rows[-1])}, columns {int(columns[0])} to {int(columns[-1])}"
        if len(rows)
        else "no pixel"
    )
    rest = "" if virtual else " All other pixels are those of that radiograph: this is not a virtual patient."
    return f"{what} by {MAKER} into {base}, within {where} (from 0).{rest}"


def state_identity(dataset: Dataset, sample: SyntheticSample, virtual: bool, burned_in: bool | None) -> None:
    """Patient and study of an image that carries nothing over of the person it is painted into."""
    _leave_empty(dataset)
    dataset.PatientName = f"Synthetic^{'Virtual' if virtual else 'Painted'}"
    dataset.PatientID = f"SYN-{sample.digest[:16]}"
    dataset.LongitudinalTemporalInformationModified = "REMOVED"
    if burned_in is not None:
        dataset.BurnedInAnnotation = "YES" if burned_in else "NO"
    removed = burned_in is False
    dataset.PatientIdentityRemoved = "YES" if removed else "NO"
    if virtual:
        dataset.DeidentificationMethod = "None needed: wholly synthetic, no person was imaged"
    elif removed:
        dataset.DeidentificationMethod = [KEPT, f"{MAKER} {__version__}"]
        dataset.DeidentificationMethodCodeSequence = [
            code_item(codes.CID7050.BasicApplicationConfidentialityProfile),
            code_item(codes.CID7050.CleanDescriptorsOption),
        ]
    else:
        dataset.DeidentificationMethod = "Attributes only; text in the pixels was not ruled out"


def keep_identity(dataset: Dataset, source: Dataset) -> None:
    """Patient, study and reference of the image that was painted into.

    Raises:
        ImageError: If the source does not say which study and instance it is.
    """
    missing = [k for k in ("StudyInstanceUID", "SOPClassUID", "SOPInstanceUID") if not source.get(k)]
    if missing:
        raise ImageError(f"the source has no {', '.join(missing)}; write the image without keep_study")
    _leave_empty(dataset)
    for element in source:
        if element.keyword not in ("SOPClassUID", "SOPInstanceUID") and not element.is_empty:
            dataset.add(element)
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = source.SOPClassUID, source.SOPInstanceUID
    purpose = codes.CID7202.SourceImageForImageProcessingOperation
    item.PurposeOfReferenceCodeSequence = [code_item(purpose)]
    dataset.SourceImageSequence = [item]


def _leave_empty(dataset: Dataset) -> None:
    """What every image must have and may leave empty."""
    for keyword in (
        "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyDate", "StudyTime", "StudyID",
        "AccessionNumber", "ReferringPhysicianName",
    ):  # fmt: skip
        setattr(dataset, keyword, "")


def code_item(code: Code) -> Dataset:
    """A code as a sequence holds it."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = (
        code.value,
        code.scheme_designator,
        code.meaning,
    )
    return item


def _summary(sample: SyntheticSample, virtual: bool) -> str:
    if sample.request.source == "none":
        return "Synthetic: whole image"
    made = "sham edit" if sample.request.purpose == "sham" else sample.lesion
    return f"Synthetic: {made} in a {'synthetic' if virtual else 'real'} image"
