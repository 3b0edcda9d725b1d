"""Open DICOM files for what a reader needs, without the patient, and say what is wrong with bad ones."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom import FileDataset, dcmread
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from medsynth_aug.data.readers.formats.quiet import quiet
from medsynth_aug.errors import MedsynthError, UnreadableFileError

SUFFIXES = (".dcm", ".dicom", ".dic", ".ima")
"""File names that are taken for DICOM even where the preamble is missing."""

HEADER_TAGS = (
    "SOPClassUID", "Modality", "ImageType", "BodyPartExamined", "BurnedInAnnotation",
    "LossyImageCompression", "LossyImageCompressionRatio", "LossyImageCompressionMethod",
    "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames", "Rows",
    "Columns", "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation",
    "ModalityLUTSequence", "RescaleIntercept", "RescaleSlope", "RescaleType",
    "VOILUTSequence", "WindowCenter", "WindowWidth", "VOILUTFunction",
    "PixelSpacing", "PixelSpacingCalibrationType", "ImagerPixelSpacing", "NominalScannedPixelSpacing",
    "EstimatedRadiographicMagnificationFactor",
    "ImageLaterality", "Laterality", "ViewPosition", "ViewCodeSequence", "PatientOrientation",
    "ImageOrientationPatient", "AnatomicalOrientationType", "SyntheticData",
)  # fmt: skip
"""What is read of a header: how the pixels are to be understood, and nothing that names anybody."""

PIXEL_TAGS = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths", "PixelData")

IDENTITY_TAGS = (
    "PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex",
    "PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence",
    "LongitudinalTemporalInformationModified", "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID",
    "AccessionNumber", "ReferringPhysicianName", "SOPClassUID", "SOPInstanceUID",
)  # fmt: skip
"""What is read only where the caller asks for the patient or the study."""


def is_dicom(path: Path) -> bool:
    """Whether a file bears a DICOM file's name, or its mark behind the preamble; a DICOMDIR is no image."""
    if path.name.upper() == "DICOMDIR":
        return False
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            return file.read(132)[128:] == b"DICM"
    except OSError:
        return False


def open_dicom(path: Path, tags: tuple[str, ...], *, pixels: bool = False) -> FileDataset:
    """The named attributes of a DICOM file, with a transfer syntax also where the file has no header for it.

    Args:
        path: The file.
        tags: Keywords of the attributes to read; all others are passed over.
        pixels: Read the pixel data too.
    """
    dataset = dcmread(
        path,
        force=path.suffix.lower() in SUFFIXES,
        stop_before_pixels=not pixels,
        specific_tags=[*tags, *(PIXEL_TAGS if pixels else ())],
    )
    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = FileMetaDataset()
    if not dataset.file_meta.get("TransferSyntaxUID"):
        implicit, little = dataset.original_encoding
        explicit = ExplicitVRLittleEndian if little else ExplicitVRBigEndian
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else explicit
    return dataset


@contextmanager
def dicom_failures(path: Path) -> Iterator[None]:
    """Run the body quietly; whatever a parser or a codec says of a bad file comes out as one of our errors.

    Raises:
        UnreadableFileError: If the file is missing, is not DICOM, or is damaged.
    """
    try:
        with quiet("pydicom"):  # whose warnings quote values of the header
            yield
    except MedsynthError:
        raise
    except FileNotFoundError as problem:
        raise UnreadableFileError(
            f"{path} does not exist; correct the path or the folder it is looked up in"
        ) from problem
    except Exception as problem:  # a garbled header makes parsers and codecs raise nearly anything
        raise UnreadableFileError(
            f"{path} cannot be read as DICOM ({type(problem).__name__}); it is damaged, truncated or of "
            "another format: copy or download it again, or remove it"
        ) from problem
