"""The two documents of a study: the design, which readers get, and the key, which they do not."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from medsynth_aug.errors import SettingError
from medsynth_aug.evaluation.images import Origin

Arm = Literal["real", "synthetic"]
SCHEMA = "medsynth-reader-study"
SCHEMA_VERSION = 1
DESIGN, KEY, IMAGES, ANSWERS = "design.json", "key.json", "images", "answers"


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What readers may know of a study.

    Args:
        id: Global id of the study.
        name: What a person calls it.
        created_at: When, in UTC, as ISO 8601.
        version: Version of medsynth-aug.
        classes: The diagnoses to choose from.
        looks: How often the answers are looked at.
        margin: Half width of the range of AUCs that counts as indistinguishable.
        alpha: Two-sided error of the study.
        side_px: Height and width of the images.
        orders: Reader -> names of images in that reader's order.
        images: Name -> SHA-256 of the file.
        key_sha256: SHA-256 of the key, so that it cannot be exchanged later.
    """

    id: str
    name: str
    created_at: str
    version: str
    classes: tuple[str, ...]
    looks: int
    margin: float
    alpha: float
    side_px: int
    orders: dict[str, tuple[str, ...]]
    images: dict[str, str]
    key_sha256: str

    @property
    def digest(self) -> str:
        """SHA-256 of the design; every answer carries it."""
        return sha256(self.to_bytes())

    @property
    def readers(self) -> tuple[str, ...]:
        """Readers of the study, as they were named."""
        return tuple(self.orders)

    def to_bytes(self) -> bytes:
        """The design as it is written."""
        return _written(asdict(self))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Design":
        """The design that `to_bytes` wrote.

        Raises:
            SettingError: If it is none, or of another version.
        """
        held = _read(data, "a design")
        try:
            orders = {reader: tuple(names) for reader, names in held["orders"].items()}
            return cls(**{**held, "classes": tuple(held["classes"]), "orders": orders})
        except (KeyError, TypeError, AttributeError) as problem:
            raise SettingError(f"this is no design of a reader study ({problem!r})") from problem


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyItem:
    """What an image of a study really is.

    Args:
        case: Number of the case; a repeat has the same.
        arm: Real or synthetic.
        origin: What it is more exactly.
        label: Its class.
        block: After which look it counts, from 0.
        digest: `real:<sha256>` or `sample:<request digest>`.
        source_px: Height and width before it was rendered.
    """

    case: int
    arm: Arm
    origin: Origin
    label: str
    block: int
    digest: str
    source_px: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What readers must not know: which images are synthetic.

    Args:
        salt: Random text, so that the key cannot be found from its digest.
        seed: Seed of every draw.
        items: Name of an image -> what it is.
        files: Name of an image -> SHA-256 of the file.
    """

    salt: str
    seed: int
    items: dict[str, KeyItem]
    files: dict[str, str]

    def to_bytes(self) -> bytes:
        """The key as it is written."""
        return _written(asdict(self))

    @classmethod
    def from_bytes(cls, data: bytes) -> "Key":
        """The key that `to_bytes` wrote.

        Raises:
            SettingError: If it is none, or of another version.
        """
        held = _read(data, "a key")
        try:
            items = {
                name: KeyItem(**{**one, "source_px": tuple(one["source_px"])})
                for name, one in held["items"].items()
            }
            return cls(**{**held, "items": items})
        except (KeyError, TypeError, AttributeError) as problem:
            raise SettingError(f"this is no key of a reader study ({problem!r})") from problem


def sha256(data: bytes) -> str:
    """Digest of bytes as hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def _written(data: dict[str, Any]) -> bytes:
    whole = {"schema": SCHEMA, "schema_version": SCHEMA_VERSION, **data}
    return (json.dumps(whole, indent=1, ensure_ascii=False) + "\n").encode()


def _read(data: bytes, what: str) -> dict[str, Any]:
    try:
        held = json.loads(data)
        found = held.pop("schema"), held.pop("schema_version")
    except (ValueError, KeyError, AttributeError, TypeError) as problem:
        raise SettingError(f"this is not {what} of a reader study ({problem!r})") from problem
    if found != (SCHEMA, SCHEMA_VERSION):
        raise SettingError(
            f"this is {what} of {found[0]} {found[1]}; this medsynth-aug reads {SCHEMA} {SCHEMA_VERSION}"
        )
    return dict(held)
