"""What an item brings to be painted: image, anatomy and keep-mask, checked and in the product's axes."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from medsynth_aug.errors import GridError, SettingError, ValueRangeError
from medsynth_aug.types import Spacing, ValueRange, check_grid, check_image
from medsynth_monai.axes import SpatialOrder, to_rows
from medsynth_monai.spacing import stated_spacing


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What an item brings, on the CPU and in `(C, H, W)`.

    Args:
        pixels: `(1, H, W)` or `(3, H, W)` in its native dtype.
        anatomy: `(2, H, W)` bool: the patient's right and left lung field, or None.
        keep_mask: `(1, H, W)` bool: what is never painted over, or None.
        spacing: Millimetres per pixel, or None where nobody states them.
    """

    pixels: torch.Tensor
    anatomy: torch.Tensor | None
    keep_mask: torch.Tensor | None
    spacing: Spacing | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemReader:
    """Reads and checks the inputs of an item; the settings are the transform's."""

    image_key: Hashable
    anatomy_key: Hashable | None
    keep_mask_key: Hashable | None
    value_range: ValueRange
    spatial_order: SpatialOrder
    spacing_mm: Spacing | None
    allow_missing_keys: bool

    def read(self, item: Mapping[Hashable, Any]) -> Inputs:
        """The inputs of an item, whether it will be painted or not: errors never wait for luck.

        Raises:
            SettingError: If a key is missing and may not be.
            GridError: If image, anatomy and keep-mask are no images on one grid.
            ValueRangeError: If the image holds NaN, infinity or values outside the range.
        """
        pixels = self._pixels(item)
        anatomy = self._map(item, self.anatomy_key, pixels)
        if anatomy is not None and anatomy.shape[0] != 2:
            raise GridError(
                f"item[{self.anatomy_key!r}] has {anatomy.shape[0]} channels; it needs two: the patient's "
                "right lung field, then the left"
            )
        keep = self._map(item, self.keep_mask_key, pixels)
        keep = None if keep is None else keep.any(dim=0, keepdim=True)
        spacing = self.spacing_mm or stated_spacing(item[self.image_key], self.spatial_order)
        return Inputs(pixels, anatomy, keep, spacing)

    def _pixels(self, item: Mapping[Hashable, Any]) -> torch.Tensor:
        key = self.image_key
        pixels = to_rows(str(key), _value(item, key), self.spatial_order)
        try:
            check_image(pixels, self.value_range)
        except (GridError, ValueRangeError) as problem:
            raise type(problem)(
                f"item[{key!r}], seen as (C, H, W): {problem}. RandSynthesizeLesiond stands after "
                f"fixed-range scaling such as ScaleIntensityRanged({key!r}, 0, 255, 0, 1) and "
                "before intensity Rand*"
            ) from problem
        return pixels

    def _map(
        self, item: Mapping[Hashable, Any], key: Hashable | None, pixels: torch.Tensor
    ) -> torch.Tensor | None:
        """A map of an item as `(K, H, W)` bool on the image's grid; None if there is none to read."""
        if key is None or (self.allow_missing_keys and key not in item):
            return None
        map_ = to_rows(str(key), _value(item, key), self.spatial_order) != 0
        check_grid(str(key), map_, pixels)
        return map_


def _value(item: Mapping[Hashable, Any], key: Hashable) -> Any:
    if key not in item:
        raise SettingError(
            f"an item has no {key!r}, only {list(item)}; correct the key, or pass allow_missing_keys=True"
        )
    return item[key]
