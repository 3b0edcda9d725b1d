"""Read sources out of the user's own data set, and notice when an index does not read the same twice."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from torch import Tensor

from medsynth_aug.data.items.item import ItemAdapter, Parts, check_comes_back, infer_item, same
from medsynth_aug.data.items.pixels import read_pixels, view_pixels
from medsynth_aug.errors import ImageError, PlanError, SettingError, SourceChangedError
from medsynth_aug.synthesis.source import SourceImage, digest_real, real_source

Pair: TypeAlias = tuple[float, float]

SpacingOfItems: TypeAlias = (
    Pair | Sequence[Pair | None] | Mapping[int, Pair | None] | Callable[[int], Pair | None] | None
)
"""Row and column spacing in mm: one for all, one for each item, or a function of the index."""

RangeOfItems: TypeAlias = Pair | Mapping[int, Pair | None] | Callable[[int], Pair | None] | None
"""Darkest and brightest value: one pair for all, or a function of the index."""


class SourceReader:
    """A deterministic map-style data set, read as items, parts and sources.

    Args:
        data: The user's data set: `len` and an index give an item.
        adapter: Where the parts stand; inferred from the first item if absent.
        value_range: Darkest and brightest value, of all data or of each item; may be absent for uint8.
        spacing_mm: Spacing of the items.

    Raises:
        PlanError: If the data set is empty or has no length.
        SettingError: If the adapter does not give an item back equal, or spacings are not one for each item.
    """

    def __init__(
        self,
        data: Any,
        adapter: ItemAdapter | None = None,
        *,
        value_range: RangeOfItems = None,
        spacing_mm: SpacingOfItems = None,
    ) -> None:
        if not (hasattr(data, "__len__") and hasattr(data, "__getitem__")) or len(data) == 0:
            raise PlanError(
                f"the source is a {type(data).__name__} without items or without a length; give a map-style "
                "data set that has len() and gives the same item for an index every time"
            )
        self.data = data
        first = data[0]
        self.adapter = adapter or infer_item(first)
        check_comes_back(self.adapter, first)
        self._value_range = value_range
        self._spacing_mm = spacing_mm
        if _per_item(spacing_mm) and len(spacing_mm) != len(data):  # type: ignore[arg-type]
            raise SettingError(
                f"spacing_mm has {len(spacing_mm)} entries for {len(data)} items; "  # type: ignore[arg-type]
                "give one (row, column) pair for all, or one for each"
            )

    def __len__(self) -> int:
        return len(self.data)

    def read(self, index: int) -> tuple[Any, Parts]:
        """An item and its parts."""
        item = self.data[index]
        return item, self.adapter.read(item)

    def source(self, index: int, parts: Parts | None = None) -> SourceImage:
        """The image of an item as a source.

        Raises:
            ImageError: If its pixels cannot be used; the item is named.
            SettingError: If the value range is absent and cannot be assumed.
        """
        image = (self.read(index)[1] if parts is None else parts).image
        try:
            return real_source(
                read_pixels(image), value_range=self.value_range(index), spacing_mm=self.spacing_mm(index)
            )
        except ImageError as problem:
            raise type(problem)(f"item {index} of the source: {problem}") from problem

    def value_range(self, index: int) -> Pair | None:
        """Darkest and brightest value of an item, or None where it is not stated."""
        limits: Any = self._value_range
        if callable(limits):
            return limits(index)
        return limits[index] if isinstance(limits, Mapping) else limits

    def spacing_mm(self, index: int) -> Pair | None:
        """Row and column spacing of an item, or None where unknown."""
        spacing: Any = self._spacing_mm
        if callable(spacing):
            return spacing(index)
        return spacing[index] if isinstance(spacing, Mapping) or _per_item(spacing) else spacing

    @property
    def asks_for_spacing(self) -> bool:
        """Whether spacings come from a function, which may have to open every file."""
        return callable(self._spacing_mm)

    def expect(self, index: int, digest: str) -> tuple[Any, Parts, Tensor]:
        """An item whose image must be the source of that digest, its parts, and the source's pixels.

        The pixels may share memory with the item's image: only read them.

        Raises:
            SourceChangedError: If it is not.
        """
        item, parts = self.read(index)
        pixels, limits = view_pixels(parts.image), self.value_range(index)
        if digest_real(pixels, value_range=limits, spacing_mm=self.spacing_mm(index)) != digest:
            self.source(index, parts)  # names pixels that cannot be used at all
            raise self._changed(index)
        return item, parts, pixels

    def check_repeatable(self, indices: Iterable[int]) -> None:
        """Read some items twice.

        Raises:
            SourceChangedError: If one differs.
        """
        for index in indices:
            (_, one), (_, other) = self.read(index), self.read(index)
            if not all(same(getattr(one, part), getattr(other, part)) for part in Parts.__slots__):
                raise self._changed(index)

    def for_workers(self, indices: Iterable[int]) -> "SourceReader":
        """This reader for those indices only, without the user's functions, which may not pickle."""
        kept, limits = list(indices), self._value_range
        if callable(limits):
            limits = {index: limits(index) for index in kept}
        spacing = {index: self.spacing_mm(index) for index in kept}
        return SourceReader(self.data, self.adapter, value_range=limits, spacing_mm=spacing)

    def _changed(self, index: int) -> SourceChangedError:
        return SourceChangedError(
            f"item {index} of the source ({type(self.data).__name__}) read differently twice; samples are "
            "painted into its exact pixels, so the source must be deterministic and unaugmented: move "
            "random augmentation out of it into RebalancedDataset(transform=...); if the files themselves "
            "were changed, delete the saved digests (folder `digests` of the bank or cache) and plan anew"
        )


def _per_item(spacing: Any) -> bool:
    """Whether it is a sequence with one entry for each item rather than a single pair."""
    if spacing is None or callable(spacing) or isinstance(spacing, Mapping):
        return False
    return not (len(spacing) == 2 and all(isinstance(value, int | float) for value in spacing))
