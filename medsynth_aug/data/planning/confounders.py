"""Strata of confounders: which items share view, sex, age band, source ..., for a plan that matches them."""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from medsynth_aug.data.splits.groups import plain_name
from medsynth_aug.errors import SettingError

Match: TypeAlias = Mapping[str, Sequence[Any]] | None
"""Attributes to match by their names: a value for each item, None or NaN where unknown."""

UNKNOWN_VALUE = "unknown"
"""What the stratum of items without a value is called."""

_YEARS_IN = {"D": 365.25, "W": 365.25 / 7, "M": 12.0, "Y": 1.0}
_DICOM_AGE = re.compile(r"(\d{3})([DWMY])")


@dataclass(frozen=True, slots=True, eq=False)
class Strata:
    """The stratum of each item: all items with the same values of the matched attributes.

    Args:
        attributes: Names of the attributes; none where nothing is matched, and then there is one stratum.
        values: Values of each stratum, in the order of the attributes.
        of_item: `(N,)` position in `values` of each item's stratum.
    """

    attributes: tuple[str, ...]
    values: tuple[tuple[str, ...], ...]
    of_item: NDArray[np.int64]

    @classmethod
    def of(cls, match: Match, count: int) -> "Strata":
        """The strata of `count` items.

        Raises:
            SettingError: If an attribute does not have one value for each item.
        """
        columns = {name: [plain_name(value) for value in values] for name, values in (match or {}).items()}
        for name, column in columns.items():
            if len(column) != count:
                raise SettingError(
                    f"match[{name!r}] has {len(column)} values for {count} items; give one for each item, in "
                    "order, None where it is unknown"
                )
        rows = list(zip(*columns.values())) if columns else [()] * count
        known = sorted(set(rows))
        codes = {row: code for code, row in enumerate(known)}
        shown = tuple(tuple(value or UNKNOWN_VALUE for value in row) for row in known)
        return cls(tuple(columns), shown, np.array([codes[row] for row in rows], np.int64))

    def counts(self, items: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Items of each stratum among those where `items` `(N,)` is True."""
        return np.bincount(self.of_item[items], minlength=len(self.values))

    def split(self, items: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """The items `(M,)` of each stratum, in their order."""
        codes = self.of_item[items]
        ends = np.cumsum(np.bincount(codes, minlength=len(self.values)))
        return np.split(items[np.argsort(codes, kind="stable")], ends[:-1])

    def told(self, stratum: int) -> str:
        """A stratum for people: `view=PA, sex=F`."""
        return ", ".join(f"{name}={value}" for name, value in zip(self.attributes, self.values[stratum]))


def age_band(ages: Iterable[Any], *, width: float = 10) -> list[str | None]:
    """The band of each age, `"40 to <50"`, so that ages can be matched; None where the age is unknown.

    Bands other numbers as well: exposure, pixel size ...

    Args:
        ages: Numbers, their text, or DICOM ages such as `045Y` and `018M`; None, NaN or "" where unknown.
        width: Width of a band in years, above 0.

    Raises:
        SettingError: If the width is not above 0, or an age is no number.
    """
    if not width > 0:
        raise SettingError(f"width of an age band is {width}; it must be above 0")
    return [_band(plain_name(age), width) for age in ages]


def _band(age: str, width: float) -> str | None:
    if not age:
        return None
    dicom = _DICOM_AGE.fullmatch(age)
    try:
        years = int(dicom[1]) / _YEARS_IN[dicom[2]] if dicom else float(age)
        low = math.floor(years / width) * width
    except (ValueError, OverflowError) as problem:
        raise SettingError(
            f"{age!r} is no age; give a number, a DICOM age such as 045Y, or None where it is unknown, or "
            "match the values as they are, without bands"
        ) from problem
    return f"{low:g} to <{low + width:g}"
