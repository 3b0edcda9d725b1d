"""Who each image is of: patients are needed, because a patient in two splits makes every figure a lie."""

from collections.abc import Hashable, Iterable, Sequence
from typing import Any, Literal, TypeAlias

from medsynth_aug.errors import PlanError, SplitLeakError

EACH_IMAGE: Literal["each-image"] = "each-image"
"""The explicit way to say that every image is a patient of its own."""

Groups: TypeAlias = Sequence[Hashable] | Literal["each-image"]


def plain_name(value: Any) -> str:
    """A value as text, so that 7, `np.int64(7)`, 7.0 and "7" are one; "" for None, NaN and blanks."""
    plain = value.item() if hasattr(value, "item") else value
    if plain is None or plain != plain:
        return ""
    if isinstance(plain, float) and plain.is_integer():
        plain = int(plain)
    return str(plain).strip()


def group_names(groups: Iterable[Any]) -> list[str]:
    """Patient ids as strings, so that 7, `np.int64(7)`, 7.0 and "7" are one patient.

    Raises:
        PlanError: If an item has none.
    """
    names = [plain_name(group) for group in groups]
    unknown = [index for index, name in enumerate(names) if name == ""]
    if unknown:
        raise PlanError(
            f"no patient is known for {len(unknown)} items, first {_listed(unknown)}; give every item a "
            "patient id, "
            'or pass groups="each-image" if every image is a patient of its own'
        )
    return names


def resolve_groups(groups: Groups | None, count: int) -> list[str]:
    """The patient of each item.

    Args:
        groups: Patient ids in order, or `"each-image"`.
        count: Number of items.

    Raises:
        PlanError: If they are absent, unknown, or not one for each item.
    """
    if groups is None:
        raise PlanError(
            "groups is missing: give the patient of each item, groups=[...], so that no patient gets into "
            "two splits; "
            'if every image is a patient of its own, say so with groups="each-image"'
        )
    if isinstance(groups, str):
        if groups != EACH_IMAGE:
            raise PlanError(f'groups is {groups!r}; give the patient of each item, or "each-image"')
        return [f"image {index}" for index in range(count)]
    names = group_names(groups)
    if len(names) != count:
        raise PlanError(
            f"groups has {len(names)} patients for {count} items; give one for each item, in order"
        )
    return names


def check_holdout(groups: Groups | None, names: Sequence[str], holdout: Iterable[Any] | None) -> None:
    """Check that no training patient is held out.

    Raises:
        PlanError: If the patients of the training items are not known.
        SplitLeakError: If one is, with the ids.
    """
    if holdout is None:
        return
    if isinstance(groups, str):
        raise PlanError(
            'holdout_groups cannot be compared with groups="each-image"; give the patient of each training '
            "item"
        )
    shared = sorted(set(names) & set(group_names(holdout)))
    if shared:
        raise SplitLeakError(
            f"{len(shared)} patients of the training items are held out as well: {_listed(shared)}; "
            "remove their images from one of the two"
        )


def _listed(values: Sequence[Any], most: int = 10) -> str:
    more = f" and {len(values) - most} more" if len(values) > most else ""
    return ", ".join(str(value) for value in values[:most]) + more
