"""What a whole image without a source is synthesised as: its grid, its scale and its text."""

from dataclasses import dataclass
from typing import Literal, get_args

import torch

from medsynth_aug.errors import SettingError
from medsynth_aug.types import Spacing, ValueRange

PixelType = Literal["uint8", "uint16", "int16", "float32"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Canvas:
    """The image that a request without a source asks for.

    Args:
        prompt: What it shows, for example "frontal chest radiograph, no finding, whole, PA view, adult".
        height: Rows, at least 64.
        width: Columns, at least 64.
        dtype: Pixel type of the result.
        value_range: Darkest and brightest value of the result.
        spacing_mm: Row and column spacing, both above 0; None where the image claims no scale.

    Raises:
        SettingError: If a value is out of its range.
    """

    prompt: str
    height: int = 512
    width: int = 512
    dtype: PixelType = "uint8"
    value_range: tuple[float, float] = (0.0, 255.0)
    spacing_mm: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not self.prompt.strip():
            raise SettingError("prompt of the canvas is empty; say what the image shows")
        for name in ("height", "width"):
            if getattr(self, name) < 64:
                raise SettingError(f"{name} of the canvas is {getattr(self, name)}; it must be at least 64")
        if self.dtype not in get_args(PixelType):
            raise SettingError(f"dtype is {self.dtype!r}; choose from {', '.join(get_args(PixelType))}")
        low, high = (float(value) for value in self.value_range)
        if not low < high:
            raise SettingError(f"value_range is ({low}, {high}); the lower value comes first")
        if not self.torch_dtype.is_floating_point:
            limits = torch.iinfo(self.torch_dtype)
            if low < limits.min or high > limits.max:
                raise SettingError(f"value_range is ({low:g}, {high:g}), more than {self.dtype} can hold")
        object.__setattr__(self, "value_range", (low, high))
        if self.spacing_mm is not None:
            row_mm, column_mm = (float(value) for value in self.spacing_mm)
            if not min(row_mm, column_mm) > 0:
                raise SettingError(f"spacing_mm is ({row_mm}, {column_mm}); both must be above 0")
            object.__setattr__(self, "spacing_mm", (row_mm, column_mm))

    @property
    def torch_dtype(self) -> torch.dtype:
        """The pixel type as torch names it."""
        return {
            "uint8": torch.uint8, "uint16": torch.uint16, "int16": torch.int16, "float32": torch.float32
        }[self.dtype]  # fmt: skip

    @property
    def range(self) -> ValueRange:
        """The value range by name."""
        return ValueRange(*self.value_range)

    @property
    def spacing(self) -> Spacing | None:
        """The spacing by name."""
        return None if self.spacing_mm is None else Spacing(*self.spacing_mm)
