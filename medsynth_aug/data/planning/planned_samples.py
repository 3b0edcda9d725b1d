"""Planned samples as columns: a million take a few megabytes, and each is built when it is asked for."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medsynth_aug.data.items.labels import ClassKey
from medsynth_aug.data.planning.planned import PlannedItem, PlannedSample, PlanSettings
from medsynth_aug.synthesis.digest import digest_json
from medsynth_aug.synthesis.request import SynthesisRequest

CHUNK = 4096
"""Rows that are turned into Python numbers at once while samples are enumerated."""

Column = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class PlannedSamples(Sequence[PlannedSample]):
    """A lazy sequence of planned samples; a slice is one too.

    Args:
        settings: What all of them have in common.
        items: The items that are painted into.
        places: `(N,)` place of each sample among those of its class, or among the shams.
        lesions: `(N,)` which of `settings.lesions` is painted, or imitated by a sham.
        rows: `(N,)` which of `items` it is painted into.
        shams: `(N,)` bool, True for an edit without a lesion.
    """

    settings: PlanSettings
    items: tuple[PlannedItem, ...]
    places: Column
    lesions: Column
    rows: Column
    shams: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, index: int) -> PlannedSample: ...
    @overload
    def __getitem__(self, index: slice) -> "PlannedSamples": ...
    def __getitem__(self, index: int | slice) -> "PlannedSample | PlannedSamples":
        if isinstance(index, slice):
            return self._with(*(column[index] for column in self._columns))
        return self._sample(*(column[index].item() for column in self._columns))

    def __iter__(self) -> Iterator[PlannedSample]:
        return (self._sample(*row) for row in self._in_rows())

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PlannedSamples):
            return self._has_rows_of(other)
        if isinstance(other, Sequence) and not isinstance(other, str):
            return len(self) == len(other) and all(one == two for one, two in zip(self, other))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} planned samples>"

    def take(self, positions: ArrayLike) -> "PlannedSamples":
        """The samples at these positions: `(M,)` whole numbers, or `(N,)` bool."""
        chosen = np.asarray(positions)
        chosen = chosen if chosen.size else chosen.astype(np.int64)
        return self._with(*(column[chosen] for column in self._columns))

    def for_engine(self, engine: str) -> "PlannedSamples":
        """The same samples for another synthesizer, by its fingerprint."""
        return replace(self, settings=replace(self.settings, engine=engine))

    def followed_by(self, other: "PlannedSamples") -> "PlannedSamples":
        """These samples and then others of the same plan."""
        if not len(other):
            return self
        return self._with(*(np.concatenate(pair) for pair in zip(self._columns, other._columns)))

    @property
    def indices(self) -> Column:
        """`(N,)` item of the training data that each sample is painted into."""
        return np.array([item.index for item in self.items], np.int64)[self.rows]

    @property
    def keys(self) -> list[ClassKey | None]:
        """Class or column that each sample gives its item; None for a sham."""
        known = [key for key, _ in self.settings.lesions]
        codes = zip(self.lesions.tolist(), self.shams.tolist())
        return [None if sham else known[code] for code, sham in codes]

    @property
    def patients(self) -> list[str]:
        """Patient of the item of each sample."""
        return [self.items[row].patient for row in self.rows.tolist()]

    @property
    def used_items(self) -> list[PlannedItem]:
        """The items that at least one sample is painted into, in the order of their first use."""
        return [self.items[row] for row in in_order_of_use(self.rows)[0].tolist()]

    def request(self, position: int) -> SynthesisRequest:
        """The request of the sample at a position."""
        return self._request(*(column[position].item() for column in self._columns))

    def iter_requests(self) -> Iterator[SynthesisRequest]:
        """The request of each sample, one after the other."""
        return (self._request(*row) for row in self._in_rows())

    @property
    def _columns(self) -> tuple[NDArray[Any], ...]:
        return self.places, self.lesions, self.rows, self.shams

    def _with(self, *columns: Any) -> "PlannedSamples":
        return PlannedSamples(self.settings, self.items, *columns)

    def _in_rows(self) -> Iterator[tuple[int, int, int, bool]]:
        for start in range(0, len(self), CHUNK):
            yield from zip(*(column[start : start + CHUNK].tolist() for column in self._columns))

    def _sample(self, place: int, lesion: int, row: int, sham: bool) -> PlannedSample:
        item = self.items[row]
        return PlannedSample(
            request=self._request(place, lesion, row, sham),
            key=None if sham else self.settings.lesions[lesion][0],
            index=item.index,
            patient=item.patient,
        )

    def _request(self, place: int, lesion: int, row: int, sham: bool) -> SynthesisRequest:
        (key, painted), item, common = self.settings.lesions[lesion], self.items[row], self.settings
        return SynthesisRequest(
            source=item.source, lesion=painted, engine=common.engine, seed=common.seed,
            slot=f"sham/{place}" if sham else f"{key}/{place}", sampling=common.sampling,
            conditioning=common.conditioning, mask_digest=item.mask_digest,
            anatomy_digest=item.anatomy_digest, keep_mask_digest=item.keep_mask_digest,
            purpose="sham" if sham else "lesion", pixel_version=common.pixel_version,
        )  # fmt: skip

    def _has_rows_of(self, other: "PlannedSamples") -> bool:
        if len(self) != len(other) or not len(self):
            return len(self) == len(other)
        return (
            replace(self.settings, lesions=()) == replace(other.settings, lesions=())
            and np.array_equal(self.places, other.places)
            and np.array_equal(self.shams, other.shams)
            and _same(self.settings.lesions, self.lesions, other.settings.lesions, other.lesions)
            and _same(self.items, self.rows, other.items, other.rows)
        )


class PlannedRequests(Sequence[SynthesisRequest]):
    """A lazy sequence of the requests of planned samples; a slice is one too."""

    def __init__(self, samples: PlannedSamples) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    @overload
    def __getitem__(self, index: int) -> SynthesisRequest: ...
    @overload
    def __getitem__(self, index: slice) -> "PlannedRequests": ...
    def __getitem__(self, index: int | slice) -> "SynthesisRequest | PlannedRequests":
        if isinstance(index, slice):
            return PlannedRequests(self.samples[index])
        return self.samples.request(index)

    def __iter__(self) -> Iterator[SynthesisRequest]:
        return self.samples.iter_requests()

    def __eq__(self, other: object) -> bool:
        if isinstance(other, PlannedRequests) and self.samples == other.samples:
            return True
        if isinstance(other, Sequence) and not isinstance(other, str):
            return len(self) == len(other) and all(one == two for one, two in zip(self, other))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"<{len(self)} planned requests>"


def digest_samples(samples: PlannedSamples) -> str:
    """Digest of all that these samples ask for, whichever engine makes it, without building one of them."""
    lesions, lesion_codes = in_order_of_use(samples.lesions)
    rows, row_codes = in_order_of_use(samples.rows)
    common = samples.settings
    asked = {
        "lesions": [[key, lesion.to_json()] for key, lesion in (common.lesions[n] for n in lesions.tolist())],
        "items": [_asked(samples.items[row]) for row in rows.tolist()],
        "columns": [_digest_column(c) for c in (samples.places, lesion_codes, row_codes, samples.shams)],
        "seed": common.seed,
        "sampling": asdict(common.sampling),
        "conditioning": asdict(common.conditioning),
        "pixel_version": common.pixel_version,
    }
    return digest_json(asked)


def in_order_of_use(codes: Column) -> tuple[Column, Column]:
    """The distinct codes in the order of their first use, and `codes` renumbered by that order."""
    known, first, renumbered = np.unique(codes, return_index=True, return_inverse=True)
    order = np.argsort(first)
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return known[order], ranks[renumbered]


def _asked(item: PlannedItem) -> list[str | None]:
    return [item.source, item.mask_digest, item.anatomy_digest, item.keep_mask_digest]


def _digest_column(column: NDArray[Any]) -> str:
    return hashlib.sha256(column.astype("<i8").tobytes()).hexdigest()


def _same(one: Sequence[Any], of_one: Column, two: Sequence[Any], of_two: Column) -> bool:
    """Whether `one[of_one]` and `two[of_two]` are equal; each distinct pair is compared once."""
    pairs = np.unique(of_one * len(two) + of_two).tolist()
    return all(one[pair // len(two)] == two[pair % len(two)] for pair in pairs)
