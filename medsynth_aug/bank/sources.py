"""Find the pixels of a source by its digest: the user's own data first, else the bank's copy."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from medsynth_aug.bank.bank import SampleBank
from medsynth_aug.errors import SourceChangedError, SourceNotFoundError
from medsynth_aug.synthesis.source import NO_SOURCE, SourceImage

Lookups: TypeAlias = Mapping[str, Callable[[], SourceImage]] | Callable[[str], SourceImage | None]
"""Readers of the user's data by source digest, or one reader that is asked for a digest."""


class SourceStore:
    """Pixels by source digest.

    Args:
        bank: Gives its copies of real sources, and its samples as sources.
        lookups: Where the user's own data give a source; asked first for `real:` digests.
    """

    def __init__(self, bank: SampleBank, lookups: Lookups | None = None) -> None:
        self._bank = bank
        self._lookups: Lookups = {} if lookups is None else lookups

    def get(self, digest: str) -> SourceImage:
        """The source of that digest.

        Raises:
            SourceNotFoundError: If neither the user's data nor the bank have it.
            SourceChangedError: If the user's data give other pixels than when they were digested.
            DamagedSampleError: If the bank's copy is damaged.
        """
        if digest == NO_SOURCE:
            raise SourceNotFoundError("source is 'none': a whole image has no pixels to be painted into")
        if digest.startswith("sample:"):
            return self._sample(digest)
        source = self._look_up(digest) or self._bank.source(digest)
        if source is None:
            raise SourceNotFoundError(
                f"no pixels are known for {digest}, neither in the data given nor in {self._bank.path}; "
                "pass the data set it comes from as lookups, or keep a copy with bank.put_source(source)"
            )
        return source

    def _look_up(self, digest: str) -> SourceImage | None:
        if callable(self._lookups):
            found = self._lookups(digest)
        else:
            found = self._lookups[digest]() if digest in self._lookups else None
        if found is not None and found.digest != digest:
            raise SourceChangedError(
                f"the data now give {found.digest} where {digest} was read before; the source data set must "
                "be deterministic and unaugmented: move augmentations into `transform`, or plan again"
            )
        return found

    def _sample(self, digest: str) -> SourceImage:
        name = digest.removeprefix("sample:")
        if name not in self._bank:
            raise SourceNotFoundError(f"{digest} is not in {self._bank.path}; generate that sample first")
        sample = self._bank.get(name)
        return SourceImage(sample.image, sample.value_range, sample.spacing, digest)
