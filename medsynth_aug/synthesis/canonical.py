"""Canonical JSON of flat records whose parts are written once: a plan asks for a million digests."""

import hashlib
from collections.abc import Iterable
from dataclasses import asdict
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from medsynth_aug.lesions.lesion import Lesion
from medsynth_aug.synthesis.digest import canonical_json

PARTS_HELD = 1024
"""Lesions and settings whose text is kept; a plan has a handful of each."""


def digest_fields(fields: Iterable[tuple[str, Any]]) -> str:
    """SHA-256 of the canonical JSON of an object with these fields, equal to `digest_json` of its data.

    Args:
        fields: Names and values, sorted by name. Values are plain, or frozen dataclasses whose text is kept
            for the next call with the same object.
    """
    text = ",".join([f'"{name}":{_text(value)}' for name, value in fields])
    return hashlib.sha256(f"{{{text}}}".encode()).hexdigest()


def _text(value: Any) -> str:
    if value is None:
        return "null"
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is int:
        return repr(value)
    return _part_text(_SameObject(value)) if hasattr(value, "__dataclass_fields__") else canonical_json(value)


class _SameObject:
    """A key that is equal for one and the same object only: equal settings may still differ as 4 and 4.0."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SameObject) and self.value is other.value


@lru_cache(maxsize=PARTS_HELD)
def _part_text(part: _SameObject) -> str:
    value = part.value
    return canonical_json(value.to_json() if isinstance(value, Lesion) else asdict(value))
