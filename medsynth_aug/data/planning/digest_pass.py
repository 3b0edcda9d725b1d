"""Digest what a plan paints into: each chosen item is read once, and the answer is saved."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tqdm.auto import tqdm

from medsynth_aug.bank import SampleBank
from medsynth_aug.data.items.reading import SourceReader
from medsynth_aug.data.planning.planned import PlannedItem
from medsynth_aug.data.planning.saved_entries import SavedEntries
from medsynth_aug.data.planning.wish import Makers, Wish, makers_of, maps_of
from medsynth_aug.errors import MedsynthError, SourceChangedError
from medsynth_aug.synthesis.digest import digest_json, digest_pixels
from medsynth_aug.types import check_grid

PROBES = 8
"""Items that tell one data set from another, and whether maps are still those that were saved."""


def digest_items(
    reader: SourceReader,
    groups: Sequence[str],
    wish: Wish,
    indices: Sequence[int],
    *,
    folder: Path | None = None,
    copies: SampleBank | None = None,
    progress: bool = True,
) -> tuple[PlannedItem, ...]:
    """What a plan has to know of these items: digests of the source and of the user's own maps.

    Args:
        reader: The data set.
        groups: Patient of each of its items.
        wish: Gives the user's own maps.
        indices: Items to look at, each once.
        folder: Where the answers are saved and looked up; what was read before is not read again, unless
            the data set is another one: length, probed items, value range or spacing.
        copies: A bank that keeps a copy of every source and map.
        progress: Show a bar.

    Raises:
        ImageError: If an image or a map cannot be used; the item is named.
        BankFullError: If the disk is full.
        BankReadOnlyError: If the folder cannot be written.
    """
    if not indices:
        return ()
    home = None if folder is None else folder / _fingerprint(reader)
    with _saved(home, ["source", *makers_of(wish)]) as saved:
        _drop_changed_maps(saved, wish, indices)
        bar = tqdm(indices, desc="Digesting backgrounds", unit="image", disable=not progress, leave=False)
        makers = makers_of(wish)
        return tuple(_item(index, groups[index], reader, makers, saved, copies) for index in bar)


def expect_maps(wish: Wish, planned: PlannedItem) -> dict[str, torch.Tensor]:
    """The user's own maps for an item, by the request's name for their digest, as they were planned.

    Raises:
        SourceChangedError: If they are not those that the plan knows.
    """
    maps = maps_of(wish, planned.index)
    for name in ("mask_digest", "anatomy_digest", "keep_mask_digest"):
        found = digest_pixels(maps[name]) if name in maps else None
        if found != getattr(planned, name):
            raise SourceChangedError(
                f"the {name.removesuffix('_digest')} of item {planned.index} is not the one that was planned "
                "with; give the same one every time, or delete the saved digests (folder `digests` of the "
                "bank or cache) and make a new plan"
            )
    return maps


@contextmanager
def _saved(home: Path | None, names: Sequence[str]) -> Iterator[dict[str, SavedEntries]]:
    """Saved entries by name; what was found is saved even if a later item stops the pass."""
    saved = {name: SavedEntries(None if home is None else home / name) for name in names}
    try:
        yield saved
    finally:
        for entries in saved.values():
            entries.save()


def _item(
    index: int,
    patient: str,
    reader: SourceReader,
    makers: Makers,
    saved: dict[str, SavedEntries],
    copies: SampleBank | None,
) -> PlannedItem:
    digest, dtype, shape = _source(index, reader, saved["source"], copies)
    maps = {}
    for name, maker in makers.items():
        if copies is not None or index not in saved[name]:
            map_ = maker(index)
            found = None if map_ is None else _map_digest(name, index, map_, shape)
            if map_ is not None and copies is not None:
                copies.put_map(map_.contiguous())
            saved[name].add(index, found)
        maps[name] = saved[name][index]
    return PlannedItem(index, patient, digest, dtype, shape, **maps)


def _source(
    index: int, reader: SourceReader, saved: SavedEntries, copies: SampleBank | None
) -> tuple[str, str, tuple[int, int, int]]:
    """Digest, dtype and shape of a source, which is read if that is not known or its copy is missing."""
    spacing = None if reader.asks_for_spacing else reader.spacing_mm(index)
    spacing_mm = None if spacing is None else [float(value) for value in spacing]
    entry = saved.get(index)
    if entry is None or entry[3] != spacing_mm or (copies is not None and copies.source(entry[0]) is None):
        source = reader.source(index)
        dtype = str(source.pixels.dtype).removeprefix("torch.")
        entry = [source.digest, dtype, list(source.pixels.shape), spacing_mm]
        if copies is not None:
            copies.put_source(source)
        saved.add(index, entry)
    return entry[0], *_form(entry[1], *entry[2])


@lru_cache(maxsize=4096)
def _form(dtype: str, channels: int, height: int, width: int) -> tuple[str, tuple[int, int, int]]:
    """Dtype and shape as one object for all items that share them: a million items are held at once."""
    return dtype, (channels, height, width)


def _map_digest(name: str, index: int, map_: torch.Tensor, shape: tuple[int, int, int]) -> str:
    word = name.removesuffix("_digest")
    check_grid(f"{word} of item {index}", map_, torch.empty(shape, device="meta"))
    return digest_pixels(map_.contiguous())


def _drop_changed_maps(saved: dict[str, SavedEntries], wish: Wish, indices: Sequence[int]) -> None:
    """Forget the saved digests of maps where one of a few is not the same any more."""
    for name, maker in makers_of(wish).items():
        known = [index for index in indices if index in saved[name]]
        for index in _spread(known):
            map_ = maker(index)
            if (None if map_ is None else digest_pixels(map_.contiguous())) != saved[name][index]:
                saved[name].forget()
                break


def _fingerprint(reader: SourceReader) -> str:
    """Digest of length and of a few sources with their value range and spacing."""
    probes = [_probe(reader, index) for index in _spread(range(len(reader)))]
    return digest_json({"length": len(reader), "items": probes})


def _probe(reader: SourceReader, index: int) -> str:
    try:
        return reader.source(index).digest
    except (MedsynthError, OSError) as problem:  # it may not be among the items that are painted into
        return f"unusable: {type(problem).__name__}"


def _spread(values: Sequence[Any]) -> list[Any]:
    """A few of the values, spread evenly."""
    places = sorted({int(place) for place in np.linspace(0, len(values) - 1, PROBES)}) if values else []
    return [values[place] for place in places]
