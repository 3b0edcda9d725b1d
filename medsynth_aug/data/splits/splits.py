"""Check that no patient and no picture stands in two splits."""

from collections.abc import Hashable, Mapping, Sequence
from itertools import combinations
from typing import Any, NamedTuple, TypeAlias

import torch
from tqdm.auto import tqdm

from medsynth_aug.data.items.item import ItemAdapter, infer_item
from medsynth_aug.data.items.pixels import is_image, read_pixels
from medsynth_aug.data.splits.duplicates import Print, find_copies, print_of
from medsynth_aug.data.splits.groups import EACH_IMAGE, Groups, group_names, resolve_groups
from medsynth_aug.errors import PlanError, SplitLeakError
from medsynth_aug.synthesis.digest import digest_pixels

MOST_NAMED = 10


class Split(NamedTuple):
    """One split: the patient of each item, and its images where they shall be compared too.

    Args:
        groups: Patient of each item, or `"each-image"`.
        images: Images, or items of a data set, in the same order; None compares patients only.
    """

    groups: Groups
    images: Any = None


AnySplit: TypeAlias = Split | Sequence[Hashable] | Any
"""A `Split`, a sequence of patient ids, or a data set with `groups`."""


def check_splits(
    splits: Mapping[str, AnySplit], *, item: ItemAdapter | None = None, progress: bool = True
) -> None:
    """Check that splits share no patient and no image, be it an exact or a near copy.

    Args:
        splits: Name of each split and what is in it; images are compared wherever two splits have them.
        item: Where the image stands in an item; inferred if absent.
        progress: Show a bar while images are read.

    Raises:
        SplitLeakError: If a patient or a copy stands in two splits, with the ids.
        PlanError: If patients are not known.
    """
    known = {name: _as_split(name, split) for name, split in splits.items()}
    check_patients({name: split.groups for name, split in known.items()})
    pictured = {name: split for name, split in known.items() if split.images is not None}
    if len(pictured) < 2:
        return
    prints = {name: _prints(name, split.images, item, progress) for name, split in pictured.items()}
    ids = {name: _ids(split) for name, split in pictured.items()}
    for one, other in combinations(pictured, 2):
        copies = find_copies([p for _, p in prints[one]], [p for _, p in prints[other]])
        digests = {digest: index for index, (digest, _) in enumerate(prints[other])}
        exact = [(i, digests[digest]) for i, (digest, _) in enumerate(prints[one]) if digest in digests]
        pairs = sorted({*copies, *exact})
        if pairs:
            named = "; ".join(f"{ids[one][i]} = {ids[other][j]}" for i, j in pairs[:MOST_NAMED])
            raise SplitLeakError(
                f"{len(pairs)} images stand in both {one} and {other}, exactly or as near copies ({one} = "
                f"{other}): {named}; remove each from one of the two"
            )


def check_patients(groups: Mapping[str, Groups]) -> None:
    """Check that splits share no patient.

    Raises:
        SplitLeakError: If they do, with the ids.
        PlanError: If an item has no patient.
    """
    known = {name: set(group_names(ids)) for name, ids in groups.items() if not isinstance(ids, str)}
    for one, other in combinations(known, 2):
        shared = sorted(known[one] & known[other])
        if shared:
            more = f" and {len(shared) - MOST_NAMED} more" if len(shared) > MOST_NAMED else ""
            raise SplitLeakError(
                f"{len(shared)} patients stand in both {one} and {other}: "
                f"{', '.join(shared[:MOST_NAMED])}{more}; move all images of a patient into one split"
            )


def _as_split(name: str, split: AnySplit) -> Split:
    if isinstance(split, Split):
        return split
    if isinstance(split, str):
        raise PlanError(
            f"split {name!r} is {split!r}; give patient ids, a data set with groups, or Split(groups, images)"
        )
    groups = getattr(split, "groups", None)
    if groups is not None:
        return Split(groups, split)
    first = next(iter(split), None)
    if first is not None and (is_image(first) or not isinstance(first, Hashable) or isinstance(first, tuple)):
        raise PlanError(
            f"no patients are known for split {name!r}; pass Split(groups=[...], images=...), "
            f'or Split(groups="{EACH_IMAGE}", images=...) if every image is a patient of its own'
        )
    return Split(list(split))


def _ids(split: Split) -> list[str]:
    paths = getattr(split.images, "paths", None)
    names = resolve_groups(split.groups, len(split.images))
    prefix = "" if isinstance(split.groups, str) else "patient "
    return [
        f"{prefix}{name}" + (f" ({paths[i]})" if paths is not None else "") for i, name in enumerate(names)
    ]


def _prints(name: str, images: Any, item: ItemAdapter | None, progress: bool) -> list[tuple[str, Print]]:
    read = getattr(images, "print_at", None)
    bar = tqdm(range(len(images)), desc=f"comparing images of {name}", disable=not progress, leave=False)
    return [read(index) if read else print_and_digest(_pixels(images[index], item)) for index in bar]


def _pixels(entry: Any, item: ItemAdapter | None) -> torch.Tensor:
    if is_image(entry):
        return read_pixels(entry)
    return read_pixels((item or infer_item(entry)).read(entry).image)


def print_and_digest(pixels: torch.Tensor) -> tuple[str, Print]:
    """Exact digest and perceptual print of an image `(C, H, W)`."""
    return digest_pixels(pixels), print_of(pixels)
