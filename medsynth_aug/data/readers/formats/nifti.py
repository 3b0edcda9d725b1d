"""Read one slice of a NIfTI file with its directions and spacing, and write an image as such a slice."""

import gzip
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from medsynth_aug.data.readers.formats.directions import Directions, turn
from medsynth_aug.data.readers.formats.quiet import quiet
from medsynth_aug.data.readers.formats.whole_file import write_whole_file
from medsynth_aug.errors import ImageError, MedsynthError, SettingError, UnreadableFileError, ValueRangeError
from medsynth_aug.types import Spacing, ValueRange, check_image

SUFFIXES = (".nii", ".nii.gz")

MOST_PIXELS = 2**28
"""Larger slices are taken for damaged headers."""

IN_MM = {"mm": 1.0, "meter": 1000.0, "micron": 0.001}

LETTERS = {"L": "L", "R": "R", "A": "A", "P": "P", "S": "H", "I": "F"}
"""NIfTI's names of directions as DICOM's."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class NiftiImage:
    """One slice out of a NIfTI file.

    Args:
        pixels: `(1, H, W)` uint8, uint16, int16 or float32; row 0 is superior (else anterior), column 0 the
            patient's right, wherever the file tells directions.
        value_range: `cal_min` and `cal_max` of the header where they hold all values, else None.
        spacing: Millimetres per pixel, or None where the file states no unit.
        directions: Where rows and columns lead to, or None where the file does not say.
    """

    pixels: torch.Tensor = field(repr=False)
    value_range: ValueRange | None
    spacing: Spacing | None
    directions: Directions | None


def is_nifti(path: Path) -> bool:
    """Whether a file bears a NIfTI file's name."""
    return path.name.lower().endswith(SUFFIXES)


def read_nifti(path: str | Path, *, axis: int | None = None, index: int | None = None) -> NiftiImage:
    """One slice of a NIfTI file (.nii, .nii.gz); nothing is interpolated.

    Integers of more than 16 bits are narrowed where nothing is lost; scaled values become float32.

    Args:
        path: The file.
        axis: The voxel axis across which the slice lies, 0 to 2; may be absent where one has length 1.
        index: Number of the slice along that axis; may be absent where there is one.

    Raises:
        UnreadableFileError: If the file is missing, damaged or not NIfTI, or nibabel is not installed.
        ImageError: If it has several slices and none was chosen, more than three axes, or values that do not
            fit.
        ValueRangeError: If values are NaN, infinite or beyond float32.
        SettingError: If there is no such slice.
    """
    path = Path(path)
    nibabel = _nibabel(path)
    try:
        with quiet("nibabel"):
            volume = nibabel.load(path)
            shape = tuple(int(size) for size in volume.shape)
            cut = _cut(path, shape, axis, index)
            shown = [place for place, what in enumerate(cut) if isinstance(what, slice)]
            if int(np.prod([shape[place] for place in shown])) > MOST_PIXELS:
                raise UnreadableFileError(
                    f"{path} states {shape} voxels; its header is damaged: copy it again"
                )
            array = _narrowed(np.asanyarray(volume.dataobj[cut]), path)
            return _upright(array, volume, shown, _range(volume.header, array))
    except MedsynthError:
        raise
    except FileNotFoundError as problem:
        raise UnreadableFileError(
            f"{path} does not exist; correct the path or the folder it is looked up in"
        ) from problem
    except Exception as problem:  # a garbled header makes the parser raise nearly anything
        raise UnreadableFileError(
            f"{path} cannot be read as NIfTI ({type(problem).__name__}); it is damaged, truncated or of "
            "another format: copy or download it again, or remove it"
        ) from problem


def write_nifti(
    path: str | Path,
    pixels: torch.Tensor,
    *,
    spacing: Spacing | None = None,
    value_range: tuple[float, float] | None = None,
) -> None:
    """Write an image as a NIfTI file of one coronal slice; `read_nifti` gives the same pixels back.

    Args:
        path: A name that ends in `.nii` or `.nii.gz`.
        pixels: `(1, H, W)` or `(3, H, W)` with equal channels, row 0 superior, column 0 the patient's right.
        spacing: Millimetres per pixel; without it the file states no unit.
        value_range: Darkest and brightest value; stored as `cal_min` and `cal_max`.

    Raises:
        ImageError: If the name has another ending, or the pixels are no image.
        UnwritableFileError: If the file cannot be written.
    """
    path = Path(path)
    if not is_nifti(path):
        raise ImageError(f"{path} is not named {' or '.join(SUFFIXES)}; name it so")
    nibabel = _nibabel(path)
    everything = ValueRange(-float(np.finfo(np.float32).max), float(np.finfo(np.float32).max))
    check_image(pixels, everything if value_range is None else ValueRange(*value_range))
    row_mm, column_mm = spacing or (1.0, 1.0)
    affine = np.array([[-column_mm, 0, 0, 0], [0, 0, 1, 0], [0, -row_mm, 0, 0], [0, 0, 0, 1]], float)
    image = nibabel.Nifti1Image(np.ascontiguousarray(pixels[0].numpy().T[:, :, None]), affine)
    image.header.set_xyzt_units("mm" if spacing else "unknown")
    if value_range is not None:
        image.header["cal_min"], image.header["cal_max"] = value_range
    data = image.to_bytes()
    write_whole_file(path, gzip.compress(data, mtime=0) if path.suffix.lower() == ".gz" else data)


def _nibabel(path: Path) -> ModuleType:
    try:
        import nibabel
    except ImportError as problem:
        raise UnreadableFileError(
            f"{path} needs nibabel, which is not installed: pip install 'medsynth-aug[nifti]'"
        ) from problem
    return nibabel


def _cut(path: Path, shape: tuple[int, ...], axis: int | None, index: int | None) -> tuple[Any, ...]:
    """The index of one slice."""
    kept = max([3, *(place + 1 for place, size in enumerate(shape) if size != 1)])
    shape, thin_ones = shape[:kept], (0,) * (len(shape) - kept)
    if len(shape) == 2:
        return (slice(None), slice(None))
    if len(shape) != 3:
        raise ImageError(f"{path} has the shape {shape}; it needs two axes, or three of which one is cut")
    if axis is None:
        thin = [place for place, size in enumerate(shape) if size == 1]
        if not thin:
            raise ImageError(
                f"{path} holds {shape[0]} x {shape[1]} x {shape[2]} voxels; choose a slice: "
                "read_nifti(path, axis=1, index=...)"
            )
        axis = thin[-1]
    if axis not in (0, 1, 2):
        raise SettingError(f"axis is {axis}; the voxel axes of {path} are 0, 1 and 2")
    if index is None and shape[axis] > 1:
        raise ImageError(f"{path} has {shape[axis]} slices across axis {axis}; choose one with index=...")
    if not 0 <= (index or 0) < shape[axis]:
        raise SettingError(f"index is {index}; the slices across axis {axis} are 0 to {shape[axis] - 1}")
    return (*((index or 0) if place == axis else slice(None) for place in range(3)), *thin_ones)


def _narrowed(array: NDArray[Any], path: Path) -> NDArray[Any]:
    """The values in a pixel type of the product."""
    if array.dtype.kind not in "iuf" or array.ndim != 2:
        raise ImageError(f"{path} holds {array.dtype} values; a radiograph is grey: convert it first")
    if array.dtype.kind == "f":
        return _finite(array, path)
    for dtype in (np.uint8, np.uint16, np.int16):
        if array.dtype.newbyteorder("=") == dtype:
            return array.astype(dtype)
    low, high = (int(array.min()), int(array.max())) if array.size else (0, 0)
    for dtype in (np.int16, np.uint16):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return array.astype(dtype)
    raise ImageError(f"{path} holds values from {low} to {high}; rescale them to 16 bits first")


def _finite(array: NDArray[Any], path: Path) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):
        array = array.astype(np.float32)
    unusable = array.size - np.count_nonzero(np.isfinite(array))
    if unusable:
        raise ValueRangeError(
            f"{path} holds {unusable} values of {array.size} that are NaN, infinite or beyond float32; set "
            "them to the value of air and save the file again"
        )
    return array


def _range(header: Any, array: NDArray[Any]) -> ValueRange | None:
    low, high = float(header["cal_min"]), float(header["cal_max"])
    if not low < high or not array.size or array.min() < low or array.max() > high:
        return None
    return ValueRange(low, high)


def _upright(
    array: NDArray[Any], volume: Any, shown: list[int], value_range: ValueRange | None
) -> NiftiImage:
    """The slice, whose first axis is the file's lower one, in the directions of the product."""
    from nibabel.orientations import aff2axcodes

    header = volume.header
    zooms = [float(header.get_zooms()[place]) for place in shown]
    array, zooms = array.T, zooms[::-1]  # NIfTI's first axis runs along a row
    directions = None
    if int(header["sform_code"]) > 0 or int(header["qform_code"]) > 0:
        codes = aff2axcodes(volume.affine)
        along, down = (LETTERS[codes[place]] for place in shown)
        directions = Directions(along, down)
        swapped = directions.swaps
        array, directions = turn(array, directions)
        zooms = zooms[::-1] if swapped else zooms
    unit = IN_MM.get(header.get_xyzt_units()[0])
    known = unit is not None and all(np.isfinite(zoom) and zoom > 0 for zoom in zooms)
    return NiftiImage(
        pixels=torch.from_numpy(np.array(array, order="C"))[None],
        value_range=value_range,
        spacing=Spacing(*(zoom * unit for zoom in zooms)) if known and unit is not None else None,
        directions=directions,
    )
