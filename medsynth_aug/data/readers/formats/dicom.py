"""Read a DICOM radiograph: its pixels as the product has them, and what its header says of them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import get_args

import torch
from pydicom import FileDataset
from pydicom.dataset import Dataset

from medsynth_aug.data.readers.formats.attributes import check_description, check_grey_scale
from medsynth_aug.data.readers.formats.directions import (
    Directions,
    directions_of,
    is_frontal,
    turn,
    view_of,
)
from medsynth_aug.data.readers.formats.grey_scale import Values, grey_values, range_of
from medsynth_aug.data.readers.formats.opening import HEADER_TAGS, IDENTITY_TAGS, dicom_failures, open_dicom
from medsynth_aug.data.readers.formats.pixel_spacing import Scale, SpacingBasis, scale_of
from medsynth_aug.data.readers.formats.stored import stored_pixels
from medsynth_aug.errors import ImageError, SettingError
from medsynth_aug.types import Spacing, ValueRange


@dataclass(frozen=True, slots=True, kw_only=True)
class DicomSettings:
    """How DICOM files are read.

    Args:
        values: `"stored"`: as they are in the file, so that what is not painted stays bit-exact.
            `"modality"`: behind the modality LUT. `"display"`: as a display shows them, behind modality and
            VOI LUT, on 0 to 65535; alike between detectors of different depth.
        detector_spacing: Take the detector's pixel spacing where the header has none that holds in the
            patient; it is too large by the magnification, in chest radiographs by about 5 to 20 %.
        frontal_only: Refuse images whose header does not say that the view is frontal.
        frame: Which frame of a multi-frame file, from 0; may be None where there is one.

    Raises:
        SettingError: If `values` is unknown, or `frame` negative.
    """

    values: Values = "stored"
    detector_spacing: bool = False
    frontal_only: bool = False
    frame: int | None = None

    def __post_init__(self) -> None:
        if self.values not in get_args(Values):
            raise SettingError(f"values is {self.values!r}; choose from {', '.join(get_args(Values))}")
        if self.frame is not None and self.frame < 0:
            raise SettingError(f"frame is {self.frame}; frames are counted from 0")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DicomImage:
    """One image out of a DICOM file.

    Args:
        pixels: `(1, H, W)` uint8, uint16, int16 or (`"modality"` only) float32. Air is dark and bone bright;
            row 0 is superior and column 0 the patient's right wherever the header tells directions.
        value_range: What the stored bits, or the LUT, can hold.
        spacing: Millimetres per pixel, where the header states what the settings ask for.
        spacing_basis: Where the header's spacing comes from, also if it was not taken.
        directions: Where rows and columns of `pixels` lead to, or None where the header does not say.
        laterality: `"L"`, `"R"`, `"B"` (both) or `"U"` (unpaired), or None.
        view: View position, else the meaning of the view code, else None.
        frontal: Whether the view is frontal; None where the header does not say.
        inverted: Whether the values were inverted to make bone bright.
        swapped: Whether rows and columns changed places.
        settings: How it was read.
        path: The file.
        header: What was read of the header; nothing in it names the patient.
    """

    pixels: torch.Tensor = field(repr=False)
    value_range: ValueRange
    spacing: Spacing | None
    spacing_basis: SpacingBasis
    directions: Directions | None
    laterality: str | None
    view: str | None
    frontal: bool | None
    inverted: bool
    swapped: bool
    settings: DicomSettings
    path: Path
    header: Dataset = field(repr=False)

    @property
    def patient(self) -> str:
        """The patient's id, read from the file when asked for; empty if there is none."""
        return dicom_patient(self.path)


def read_dicom(path: str | Path, settings: DicomSettings | None = None) -> DicomImage:
    """The image in a DICOM file.

    Nothing is interpolated: values are inverted within their range, and rows and columns are flipped or
    exchanged, where the header says that this is needed. Of the header only what the pixels mean is read.

    Args:
        path: The file.
        settings: Which values, spacing and frame to take.

    Raises:
        UnreadableFileError: If the file is missing, damaged, no image, or compressed in a way that nothing
            installed decodes.
        ImageError: If the image is in colour, has more than 16 bits or several frames, is not frontal and was
            asked to be, or its header leaves the values without a meaning; the attribute is named.
    """
    path, settings = Path(path), settings or DicomSettings()
    with dicom_failures(path):
        dataset = open_dicom(path, HEADER_TAGS, pixels=True)
        given = directions_of(dataset)
        frontal = is_frontal(dataset, given)
        if settings.frontal_only and not frontal:
            said = (
                "does not say that its view is frontal" if frontal is None else "says that it is not frontal"
            )
            raise ImageError(f"{path} {said}; leave it out, or read it with frontal_only=False")
        stored = stored_pixels(dataset, path, settings.frame)
        check_grey_scale(dataset, path, display=settings.values == "display")
        array, value_range, inverted = grey_values(stored, dataset, settings.values)
        turned, directions = (array, None) if given is None else turn(array, given)
        swapped = given is not None and given.swaps
        scale = scale_of(dataset)
        laterality = dataset.get("ImageLaterality") or dataset.get("Laterality")
        return DicomImage(
            pixels=torch.from_numpy(turned.copy())[None],
            value_range=value_range,
            spacing=_taken(scale, settings, swapped),
            spacing_basis=scale.basis,
            directions=directions,
            laterality=str(laterality) if laterality else None,
            view=view_of(dataset),
            frontal=frontal,
            inverted=inverted,
            swapped=swapped,
            settings=settings,
            path=path,
            header=_without_pixels(dataset),
        )


def dicom_scale(path: Path, settings: DicomSettings) -> tuple[ValueRange, Spacing | None]:
    """Value range and spacing of a file, as `read_dicom` gives them, from the header alone."""
    with dicom_failures(path):
        header = open_dicom(path, HEADER_TAGS)
        check_description(header, path)
        check_grey_scale(header, path, display=settings.values == "display")
        given = directions_of(header)
        swapped = given is not None and given.swaps
        return range_of(header, settings.values), _taken(scale_of(header), settings, swapped)


def dicom_patient(path: str | Path) -> str:
    """The patient's id in a DICOM file, for `patient_of=` of a reader; empty if the file has none.

    Raises:
        UnreadableFileError: If the file is missing or not DICOM.
    """
    path = Path(path)
    with dicom_failures(path):
        return str(open_dicom(path, ("PatientID",)).get("PatientID") or "").strip()


def dicom_identity(path: Path) -> Dataset:
    """Patient, study and instance of a file."""
    with dicom_failures(path):
        return open_dicom(path, IDENTITY_TAGS)


def _taken(scale: Scale, settings: DicomSettings, swapped: bool) -> Spacing | None:
    if scale.spacing is None or not (scale.in_the_patient or settings.detector_spacing):
        return None
    return Spacing(*reversed(scale.spacing)) if swapped else scale.spacing


def _without_pixels(dataset: FileDataset) -> Dataset:
    header = Dataset({element.tag: element for element in dataset if element.tag.group != 0x7FE0})
    header.set_original_encoding(*dataset.original_encoding)
    return header
