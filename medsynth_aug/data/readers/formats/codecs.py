"""Decode DICOM frames with codecs that survive damaged data, or name the package that is missing."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import FileDataset
from pydicom.encaps import get_frame
from pydicom.pixels import get_decoder, pixel_array
from pydicom.pixels.decoders.base import Decoder
from pydicom.uid import (
    UID,
    JPEG2000TransferSyntaxes,
    JPEGBaseline8Bit,
    JPEGExtended12Bit,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSTransferSyntaxes,
)

from medsynth_aug.errors import UnreadableFileError

PLUGINS = ("pydicom", "pillow", "pyjpegls", "pylibjpeg")
"""pydicom's plugins in the order of use. gdcm is left out: it ends the process on many a damaged file."""

JPEG = (JPEGBaseline8Bit, JPEGExtended12Bit, JPEGLossless, JPEGLosslessSV1)
"""What imagecodecs decodes here, through libjpeg-turbo; pydicom has no plugin for it."""

PACKAGES = {
    **dict.fromkeys(JPEG, "imagecodecs"),
    **dict.fromkeys(JPEGLSTransferSyntaxes, "pyjpegls"),
    **dict.fromkeys(JPEG2000TransferSyntaxes, "pylibjpeg-openjpeg"),
}  # fmt: skip


def decode_frame(dataset: FileDataset, path: Path, index: int, bits_used: int) -> NDArray[Any]:
    """One frame `(H, W)` or `(H, W, 3)` as it is stored.

    Args:
        dataset: Header and pixel data.
        path: The file, named in messages.
        index: The frame, from 0.
        bits_used: Lowest bits of a pixel that are kept, sign included.

    Raises:
        UnreadableFileError: If nothing that is installed decodes it.
    """
    syntax = dataset.file_meta.TransferSyntaxUID
    name = f"{path} is compressed as {syntax.name} ({syntax})"
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError as problem:
        raise UnreadableFileError(
            f"{name}, which is not read; export it uncompressed or as JPEG 2000"
        ) from problem
    options: dict[str, Any] = {"index": index, "bits_stored": bits_used}
    if not syntax.is_encapsulated:
        return pixel_array(dataset, **options)
    failure: Exception | None = None
    for decode in _ways(dataset, decoder, options):
        try:
            return decode()
        except Exception as problem:  # the next codec may read what this one cannot
            failure = problem
    if failure is not None:
        raise failure
    raise UnreadableFileError(
        f"{name}, and {PACKAGES.get(syntax, 'what decodes it')} is not installed: "
        "pip install 'medsynth-aug[dicom]'; or export it uncompressed"
    )


def _ways(dataset: FileDataset, decoder: Decoder, options: dict[str, Any]) -> Iterator[Any]:
    """What may decode a frame, best first."""
    syntax: UID = dataset.file_meta.TransferSyntaxUID
    for plugin in PLUGINS:
        # Pillow offers to decode 12-bit JPEG and cannot
        deep = plugin == "pillow" and syntax == JPEGExtended12Bit and int(dataset.BitsStored) > 8
        if plugin in decoder.available_plugins and not deep:
            yield lambda plugin=plugin: pixel_array(dataset, decoding_plugin=plugin, **options)
    if syntax in JPEG:
        try:
            from imagecodecs import jpeg8_decode
        except ImportError:
            return
        yield lambda: _jpeg(dataset, jpeg8_decode, **options)


def _jpeg(dataset: FileDataset, decode: Any, *, index: int, bits_stored: int) -> NDArray[Any]:
    """A frame through libjpeg-turbo, which knows neither signs nor the width of a stored pixel."""
    frames = int(dataset.get("NumberOfFrames") or 1)
    array = decode(get_frame(dataset.PixelData, index, number_of_frames=frames))
    samples = int(dataset.SamplesPerPixel)
    wanted = (int(dataset.Rows), int(dataset.Columns), *([samples] if samples > 1 else []))
    if array.shape != wanted:
        raise ValueError(f"the frame is {array.shape}, the header says {wanted}")
    depth = int(dataset.BitsAllocated)
    array = array.astype(f"uint{depth}", casting="safe")
    if not int(dataset.PixelRepresentation):
        return array
    unused = depth - bits_stored
    return np.right_shift(np.left_shift(array, unused).view(f"int{depth}"), unused)
