"""Where image, label, mask and boxes stand in an item of the user's data set, and how an item is rebuilt."""

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import torch
from PIL import Image

from medsynth_aug.data.items.pixels import is_image, read_pixels, tv_name, write_pixels
from medsynth_aug.errors import LabelError, SettingError

Place = str | int
"""A key of a dict or a position in a tuple."""

MaskHolds = Literal["truth", "classes"]

IMAGE_KEYS = ("image", "img", "pixel_values")
LABEL_KEYS = ("label", "labels", "target", "targets", "class")
MASK_KEYS = ("mask", "masks", "seg", "segmentation")
BOX_KEYS = ("boxes", "bboxes")


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """What an item holds of interest; None where it has no such part."""

    image: Any
    label: Any = None
    mask: Any = None
    boxes: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAdapter:
    """Reads the parts of an item and puts new ones in their places; everything else stays.

    Args:
        image: Key or position of the image.
        label: Key or position of the label, or None if items carry none.
        mask: Key or position of a mask on the image's grid, or None.
        boxes: Key or position of boxes `(N, 4)` in pixels (x0, y0, x1, y1), or None.
        mask_holds: `"truth"`: any value but 0 is a lesion; `"classes"`: each pixel holds its class.

    Raises:
        SettingError: If `mask_holds` is unknown.
    """

    image: Place
    label: Place | None = None
    mask: Place | None = None
    boxes: Place | None = None
    mask_holds: MaskHolds = "truth"

    def __post_init__(self) -> None:
        if self.mask_holds not in get_args(MaskHolds):
            raise SettingError(f"mask_holds is {self.mask_holds!r}; choose from {get_args(MaskHolds)}")

    def read(self, item: Any) -> Parts:
        """The parts of an item.

        Raises:
            LabelError: If the item has no such place.
        """
        return Parts(*(None if place is None else _at(item, place) for place in self._places))

    def rebuild(self, item: Any, parts: Parts) -> Any:
        """A copy of `item` with the given parts, of the same type; `item` itself stays as it is."""
        new = zip(self._places, (parts.image, parts.label, parts.mask, parts.boxes))
        changes = {place: value for place, value in new if place is not None}
        if isinstance(item, Mapping):
            rebuilt: Any = copy.copy(item)
            for place, value in changes.items():
                rebuilt[place] = value
            return rebuilt
        values = [changes.get(position, value) for position, value in enumerate(item)]
        return type(item)._make(values) if hasattr(item, "_make") else type(item)(values)

    @property
    def _places(self) -> tuple[Place | None, ...]:
        return (self.image, self.label, self.mask, self.boxes)


def infer_item(item: Any) -> ItemAdapter:
    """The adapter for items like this one: dicts by their usual keys, tuples by what stands in them.

    Raises:
        SettingError: If no image is found.
    """
    adapter: tuple[Any, ...]
    if isinstance(item, Mapping):
        keys: list[Any] = [
            next((key for key in known if item.get(key) is not None), None) for known in _KNOWN_KEYS
        ]
        adapter = (*keys[:3], keys[3] if keys[3] is not None and _are_boxes(item[keys[3]]) else None)
    elif isinstance(item, tuple | list):
        adapter = _places_in(item)
    else:
        adapter = (None,) * 4
    image, label, mask, boxes = adapter
    if image is None or not is_image(_at(item, image)):
        raise SettingError(
            f"no image was found in an item of type {type(item).__name__}{_contents(item)}; say where it "
            "stands: item=ItemAdapter(image=<key or position>, label=<key or position>)"
        )
    return ItemAdapter(image=image, label=label, mask=mask, boxes=boxes)


def check_comes_back(adapter: ItemAdapter, item: Any) -> None:
    """Check that taking an item apart and rebuilding it gives it back equal.

    Raises:
        SettingError: If it does not.
    """
    parts = adapter.read(item)
    image = write_pixels(parts.image, read_pixels(parts.image))
    again = adapter.rebuild(item, Parts(image, parts.label, parts.mask, parts.boxes))
    if not same(item, again):
        raise SettingError(
            f"an item of type {type(item).__name__}{_contents(item)} did not come back equal when it was "
            "rebuilt; yield plain tuples or dicts, or pass item=ItemAdapter(...) for what stands where"
        )


def same(one: Any, other: Any) -> bool:
    """Whether two items or parts are equal in type, dtype and every value; NaN equals NaN.

    A PIL image equals one of the same pixels, whichever file format it was decoded from.
    """
    if isinstance(one, Image.Image) and isinstance(other, Image.Image):
        return one.mode == other.mode and one.size == other.size and one.tobytes() == other.tobytes()
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        a, b = one.as_subclass(torch.Tensor), other.as_subclass(torch.Tensor)
        return (
            a.dtype == b.dtype
            and a.shape == b.shape
            and a.numpy(force=True).tobytes() == b.numpy(force=True).tobytes()
        )
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and one.tobytes() == other.tobytes()
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, tuple | list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other))
    return bool(one == other) or (one != one and other != other)


_KNOWN_KEYS = (IMAGE_KEYS, LABEL_KEYS, MASK_KEYS, BOX_KEYS)


def _at(item: Any, place: Place) -> Any:
    try:
        return item[place]
    except (KeyError, IndexError, TypeError) as problem:
        raise LabelError(
            f"an item{_contents(item)} has nothing at {place!r}; correct item=ItemAdapter(...)"
        ) from problem


def _places_in(item: Sequence[Any]) -> tuple[int | None, ...]:
    """Image: the first image; mask: the next one; boxes: `(N, 4)`; label: the first scalar or vector.

    A tv_tensor is what its type says, wherever it stands.
    """
    named = [tv_name(value) for value in item]
    boxes = next((i for i, value in enumerate(item) if i and _are_boxes(value)), None)
    label = next((i for i, value in enumerate(item) if i != boxes and _is_label(value)), None)
    images = [i for i, value in enumerate(item) if i != boxes and named[i] != "Mask" and is_image(value)]
    masks = [i for i, name in enumerate(named) if name == "Mask"] or images[1:]
    image, mask = [*images, None][0], [*masks, None][0]
    return image, label, mask, boxes


def _is_label(value: Any) -> bool:
    if isinstance(value, np.ndarray | torch.Tensor):
        return value.ndim <= 1
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(one, int | float) for one in value)
    return isinstance(value, str | int | float | np.generic)


def _are_boxes(value: Any) -> bool:
    if tv_name(value):
        return tv_name(value) == "BoundingBoxes"
    shape = tuple(getattr(value, "shape", ()))
    return len(shape) == 2 and shape[1] == 4


def _contents(item: Any) -> str:
    if isinstance(item, Mapping):
        return f" with keys {', '.join(map(str, item))}"
    if isinstance(item, tuple | list):
        return f" with {', '.join(type(value).__name__ for value in item)}"
    return ""
