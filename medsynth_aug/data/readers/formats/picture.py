"""Write 8- and 16-bit pictures without loss."""

from io import BytesIO
from pathlib import Path

import torch
from PIL import Image

from medsynth_aug.data.readers.formats.whole_file import write_whole_file
from medsynth_aug.errors import ImageError
from medsynth_aug.types import ValueRange, check_image

FORMATS = {".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"}


def write_image(path: str | Path, pixels: torch.Tensor) -> None:
    """Write an image as a grey PNG or TIFF of its own depth; `decode_image` reads the same pixels back.

    Args:
        path: File name; its suffix, `.png`, `.tif` or `.tiff`, is the format.
        pixels: `(1, H, W)` or `(3, H, W)` with equal channels, uint8 or uint16.

    Raises:
        ImageError: If the suffix or the pixel type cannot keep the pixels as they are.
        GridError: If the pixels are no image.
        UnwritableFileError: If the file cannot be written.
    """
    path = Path(path)
    name = FORMATS.get(path.suffix.lower())
    if name is None:
        raise ImageError(f"{path} is not named {', '.join(FORMATS)}; choose one of these, which lose nothing")
    if pixels.dtype not in (torch.uint8, torch.uint16):
        raise ImageError(
            f"image is {pixels.dtype}; {name} holds uint8 and uint16: write int16 with write_dicom or "
            "write_nifti, float32 with write_nifti"
        )
    check_image(pixels, ValueRange(0.0, float(torch.iinfo(pixels.dtype).max)))
    buffer = BytesIO()
    Image.fromarray(pixels[0].numpy()).save(buffer, format=name)
    write_whole_file(path, buffer.getvalue())
