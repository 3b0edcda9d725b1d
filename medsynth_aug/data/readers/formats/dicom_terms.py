"""What of a source's header may stand in a written DICOM file: numbers and terms of the standard, no text."""

from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.valuerep import DSfloat

from medsynth_aug.data.readers.formats.attributes import WINDOW_FUNCTIONS, numbers_of

UNITS = ("OD", "HU", "US", "MGML", "Z_EFF", "ED", "EDW", "HU_MOD", "PCT")
"""What rescaled values may be in (PS3.3, C.11.1.1.2)."""

TERMS: dict[str, tuple[str, ...]] = {
    "Modality": (
        "CR", "CT", "DX", "IO", "MG", "MR", "NM", "OT", "PT", "PX", "RF", "RG", "US", "XA",
    ),
    "BodyPartExamined": (
        "ABDOMEN", "ABDOMENPELVIS", "CHEST", "CHESTABDOMEN", "CHESTABDPELVIS", "CSPINE", "ESOPHAGUS", "HEAD",
        "HEART", "LSPINE", "MEDIASTINUM", "NECK", "NECKCHEST", "NECKCHESTABDOMEN", "NECKCHESTABDPELV",
        "PELVIS", "SKULL", "SPINE", "STERNUM", "TSPINE", "WHOLEBODY",
    ),
    "ImageLaterality": ("R", "L", "U", "B"),
    "LossyImageCompression": ("00", "01"),
    "LossyImageCompressionMethod": (
        "ISO_10918_1", "ISO_14495_1", "ISO_15444_1", "ISO_15444_15", "ISO_18181_1", "ISO_13818_2",
        "ISO_14496_10", "ISO_23008_2",
    ),
    "RescaleType": UNITS,
    "VOILUTFunction": WINDOW_FUNCTIONS,
}  # fmt: skip
"""The terms that are carried over; body parts are the unpaired ones, which need no Laterality."""


def carry(dataset: Dataset, header: Dataset, *keywords: str) -> None:
    """Copy attributes that belong together, if all hold numbers or terms that are defined for them."""
    found = {keyword: _safe(header, keyword) for keyword in keywords}
    if all(found.values()):
        for keyword, values in found.items():
            setattr(dataset, keyword, values if len(values) > 1 else values[0])


def unit_of(said: Any) -> str:
    """The unit that a header states for rescaled values, else `US`: unspecified."""
    return str(said) if said in UNITS else "US"


def _safe(header: Dataset, keyword: str) -> list[Any]:
    """The values of an attribute; none where it is absent or holds anything else."""
    if keyword not in TERMS:
        return [DSfloat(number, auto_format=True) for number in numbers_of(header, keyword)]
    values = header.get(keyword)
    terms = [str(value) for value in (values if isinstance(values, MultiValue) else [values])]
    return terms if set(terms) <= set(TERMS[keyword]) else []
