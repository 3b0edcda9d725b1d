"""Copies of real sources, and maps, beside the pixels of a bank: never published, never synced."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

from torch import Tensor

from medsynth_aug.bank.packing import pack_map, pack_source, unpack_map, unpack_source
from medsynth_aug.bank.store import FileStore, every_file
from medsynth_aug.errors import BankError, DamagedSampleError, SourceChangedError
from medsynth_aug.synthesis.digest import digest_pixels
from medsynth_aug.synthesis.source import SourceImage

Pixels = TypeVar("Pixels", SourceImage, Tensor)


class LocalCopies:
    """Sources and maps in files by the digest of their pixels, so that each file proves itself.

    Args:
        sources: Where copies of real sources lie.
        maps: Where masks, anatomies and keep-masks lie.
    """

    def __init__(self, sources: FileStore, maps: FileStore) -> None:
        self.sources, self.maps = sources, maps

    def put_source(self, source: SourceImage) -> None:
        """Keep a copy of a real source.

        Raises:
            SourceChangedError: If the pixels are not those of the digest.
            BankError: If it is not a `real:` source.
        """
        kind, _, digest = source.digest.partition(":")
        if kind != "real":
            raise BankError(f"{source.digest} is no real source; store samples with bank.add(sample)")
        if _source_digest(source) != digest:
            raise SourceChangedError(
                f"the pixels are not those of {source.digest}; make it with real_source()"
            )
        _keep(self.sources, digest, pack_source(source))

    def source(self, digest: str) -> SourceImage | None:
        """The copy of a real source by its `real:<digest>`, or None if there is none.

        Raises:
            DamagedSampleError: If the copy is not what was stored; names the file.
        """
        name = digest.removeprefix("real:")
        return _proven(self.sources, name, lambda data: unpack_source(data, f"real:{name}"), _source_digest)

    def put_map(self, map_: Tensor) -> str:
        """Keep a map; returns its digest."""
        digest = digest_pixels(map_)
        _keep(self.maps, digest, pack_map(map_))
        return digest

    def map(self, digest: str, *, recorded: bool = False) -> Tensor:
        """The stored map of that digest.

        Args:
            digest: As `put_map` gave it.
            recorded: True if a record says that it is there.

        Raises:
            BankError: If there is no such map.
            DamagedSampleError: If the file is not what was stored, or missing though recorded; names it.
        """
        map_ = _proven(self.maps, digest, unpack_map, digest_pixels)
        if map_ is None and recorded:
            raise DamagedSampleError(f"{self.maps.place(digest)} is missing; restore it or put it anew")
        if map_ is None:
            raise BankError(
                f"no map {digest} at {self.maps.place(digest)}; store it with bank.put_map(mask) first"
            )
        return map_

    def verify(
        self, *, needed_sources: Iterable[str], recorded_maps: Iterable[str]
    ) -> Iterator[DamagedSampleError | None]:
        """Read everything; for each file an error, not raised, if it is damaged or missing, else None.

        Args:
            needed_sources: The `real:<digest>` of each source whose copy somebody will need.
            recorded_maps: Digests of the maps that records name.
        """
        needed, named = set(needed_sources), set(recorded_maps)
        for file in every_file(self.sources):
            needed.discard(f"real:{file.name}")
            yield _damage(self.source, file.name)
        for source in sorted(needed):
            yield _damage(self._needed_source, source)
        for file in every_file(self.maps):
            named.discard(file.name)
            yield _damage(self.map, file.name)
        for digest in sorted(named):
            yield _damage(partial(self.map, recorded=True), digest)

    def _needed_source(self, digest: str) -> None:
        if self.source(digest) is None:
            raise DamagedSampleError(
                f"{self.sources.place(digest.removeprefix('real:'))} is missing, and a request in the queue "
                "needs it; restore it or keep a copy anew with bank.put_source(source)"
            )


def _damage(read: Callable[[str], object], digest: str) -> DamagedSampleError | None:
    try:
        read(digest)
    except DamagedSampleError as damage:
        return damage
    except BankError:
        return None  # taken away meanwhile
    return None


def _keep(files: FileStore, digest: str, data: bytes) -> None:
    """Write a file whose content is decided by its digest, unless it is there."""
    if not files.has(digest):
        files.write(digest, data)


def _proven(
    files: FileStore, digest: str, unpack: Callable[[bytes], Pixels], digest_of: Callable[[Pixels], str]
) -> Pixels | None:
    data = files.read(digest)
    if data is None:
        return None
    advice = f"{files.place(digest)} is damaged; delete it and store it again"
    try:
        pixels = unpack(data)
    except ValueError as problem:
        raise DamagedSampleError(advice) from problem
    if digest_of(pixels) != digest:
        raise DamagedSampleError(advice)
    return pixels


def _source_digest(source: SourceImage) -> str:
    return digest_pixels(source.pixels, value_range=source.value_range, spacing=source.spacing)
