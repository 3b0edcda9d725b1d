"""Turn an image so that row 0 is superior and column 0 the patient's right, by flips and a transpose only."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from medsynth_aug.data.readers.formats.attributes import numbers_of

OPPOSITE = {"L": "R", "R": "L", "A": "P", "P": "A", "H": "F", "F": "H"}

FRONTAL_VIEWS = ("AP", "PA")
LATERAL_VIEWS = ("LL", "RL")
FRONTAL_CODES = ("AnteroPosterior", "PosteroAnterior", "Frontal")
VIEW_CODES = (*FRONTAL_CODES, "LateralProjection", "LeftLateral", "RightLateral")
"""Names of views in context group 4010; pydicom takes SNOMED RT's codes for their newer ones too."""

OLDER_POSTERO_ANTERIOR = Code("R-10214", "SRT", "postero-anterior")
"""The one code of SNOMED RT that pydicom does not know."""


class Directions(NamedTuple):
    """Where rows and columns lead to: `L`eft, `R`ight, `A`nterior, `P`osterior, `H`ead or `F`eet.

    Args:
        along_row: Towards what column numbers grow.
        down_column: Towards what row numbers grow.
    """

    along_row: str
    down_column: str

    @property
    def frontal(self) -> bool:
        """Whether one axis is left-right and the other head-feet."""
        return {_axis(letter) for letter in self} == {"LR", "HF"}

    @property
    def swaps(self) -> bool:
        """Whether turning exchanges rows and columns."""
        along, down = (_axis(letter) for letter in self)
        return along == "HF" or (along == "AP" and down == "LR")


UPRIGHT = Directions("L", "F")
"""The directions inside the product."""


def directions_of(header: Dataset) -> Directions | None:
    """The directions that a DICOM header states, or None (PS3.3, C.7.6.1.1.1 and C.7.6.2.1.1)."""
    if header.get("AnatomicalOrientationType") == "QUADRUPED":
        return None
    cosines = numbers_of(header, "ImageOrientationPatient")
    if len(cosines) == 6:
        letters = [_leading(cosines[:3]), _leading(cosines[3:])]
    else:
        letters = [str(value)[:1].upper() for value in header.get("PatientOrientation") or ()]
    known = len(letters) == 2 and all(letter in OPPOSITE for letter in letters)
    return Directions(*letters) if known and _axis(letters[0]) != _axis(letters[1]) else None


def turn(array: NDArray[Any], given: Directions) -> tuple[NDArray[Any], Directions]:
    """The array `(H, W)` upright, and its new directions.

    Head is up where one axis leads to it, else anterior; the patient's right comes first where one axis is
    left-right. A lateral view keeps the side that it looks to.
    """
    along, down = given
    if given.swaps:
        array, along, down = array.T, down, along
    if down in ("H", "A"):
        array, down = array[::-1], OPPOSITE[down]
    if along == "R":
        array, along = array[:, ::-1], "L"
    return np.ascontiguousarray(array), Directions(along, down)


def is_frontal(header: Dataset, directions: Directions | None) -> bool | None:
    """Whether a header says that its view is frontal; None where it says nothing, or not clearly."""
    said = [] if directions is None else [directions.frontal]
    view = str(header.get("ViewPosition") or "").upper()
    if view in (*FRONTAL_VIEWS, *LATERAL_VIEWS):
        said.append(view in FRONTAL_VIEWS)
    for item in header.get("ViewCodeSequence") or ():
        scheme = str(item.get("CodingSchemeDesignator")).replace("SNM3", "SRT")
        code = Code(str(item.get("CodeValue")), scheme, "")
        said += [name in FRONTAL_CODES for name in VIEW_CODES if code == getattr(codes.CID4010, name)]
        said += [True] if code == OLDER_POSTERO_ANTERIOR else []
    return None if not said else all(said)


def view_of(header: Dataset) -> str | None:
    """View position, else what the view code means, else None."""
    if header.get("ViewPosition"):
        return str(header.ViewPosition)
    items = header.get("ViewCodeSequence") or ()
    return str(items[0].CodeMeaning) if items and items[0].get("CodeMeaning") else None


def _axis(letter: str) -> str:
    return "LR" if letter in "LR" else "AP" if letter in "AP" else "HF"


def _leading(cosines: Any) -> str:
    """The letter of the largest direction cosine, in DICOM's axes left, posterior, head."""
    values = np.asarray(cosines, float)
    axis = int(np.abs(values).argmax())
    return ("LPH" if values[axis] > 0 else "RAF")[axis]
