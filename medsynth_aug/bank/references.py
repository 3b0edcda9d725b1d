"""What the records of a bank refer to: sources, maps, and samples that others were painted into."""

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Table, select

from medsynth_aug.bank.lookups import PREFIXES
from medsynth_aug.bank.schema import anatomies, refusals, samples, wanted

_MAPS = ("mask_digest", "anatomy_digest", "keep_mask_digest")


@dataclass(slots=True)
class References:
    """Digests that are still needed.

    Args:
        sources: With their kind, `real:<digest>` or `sample:<digest>`.
        maps: Masks, anatomies and keep-masks.
    """

    sources: set[str] = field(default_factory=set)
    maps: set[str] = field(default_factory=set)


def references(
    connection: Connection,
    without: Collection[str] = (),
    *,
    tables: Collection[Table] = (samples, refusals, wanted),
) -> References:
    """What samples, refusals and wanted requests refer to.

    Args:
        connection: A reader's.
        without: Digests of samples that do not count.
        tables: Whose requests count.
    """
    found = References()
    for table in tables:
        for prefix in PREFIXES:
            _add(found, connection, table, prefix, without)
    for source, map_ in connection.execute(select(anatomies.c.source, anatomies.c.map)):
        if source in found.sources:
            found.maps.add(map_)
    return found


def _add(
    found: References, connection: Connection, table: Table, prefix: str, without: Collection[str]
) -> None:
    request: Any = table.c.request
    query = select(
        table.c.digest, request["source"].as_string(), *(request[name].as_string() for name in _MAPS)
    )
    for digest, source, *maps in connection.execute(
        query.where(table.c.digest.between(prefix, prefix + "g"))
    ):
        if table is not samples or digest not in without:
            found.sources.add(source)
            found.maps.update(each for each in maps if each is not None)
