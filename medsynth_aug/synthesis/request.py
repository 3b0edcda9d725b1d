"""A request is a value: everything that decides one sample, frozen and serialisable."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, get_args

from medsynth_aug.conditioning.settings import ConditioningSettings
from medsynth_aug.errors import SettingError
from medsynth_aug.lesions.lesion import Lesion
from medsynth_aug.synthesis.digest import digest_json
from medsynth_aug.synthesis.settings import SamplingSettings
from medsynth_aug.synthesis.source import NO_SOURCE

SCHEMA_VERSION = 1
"""Version of the request's JSON."""

PIXEL_VERSION = 1
"""Raised by hand whenever a change of the code changes pixels."""

Purpose = Literal["lesion", "sham", "patient"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisRequest:
    """One sample to be made.

    Args:
        source: `real:<digest>`, `sample:<request digest>` or `none`.
        lesion: The lesion with resolved priors.
        engine: Fingerprint of the synthesizer.
        seed: The user's seed.
        slot: Which place in the data set the sample fills; unique within a plan.
        sampling: How to denoise.
        conditioning: Which structure guides it.
        mask_digest: Digest of a mask that the user gave, else None (the prior draws one).
        anatomy_digest: Digest of an anatomy that the user gave, else None.
        keep_mask_digest: Digest of a keep-mask, else None.
        purpose: A lesion, a sham edit, or part of a virtual patient.
        attempt: 0 for the first draw; later ones draw anew after a refusal or a rejection.
        parent: Digest of the request that this one replaces, else None.
        pixel_version: Version of the code that decides pixels; a stored request keeps its own.

    Raises:
        SettingError: If source or purpose have no known form.
    """

    source: str
    lesion: Lesion
    engine: str
    seed: int
    slot: str
    sampling: SamplingSettings = field(default_factory=SamplingSettings)
    conditioning: ConditioningSettings = field(default_factory=ConditioningSettings)
    mask_digest: str | None = None
    anatomy_digest: str | None = None
    keep_mask_digest: str | None = None
    purpose: Purpose = "lesion"
    attempt: int = 0
    parent: str | None = None
    pixel_version: int = PIXEL_VERSION

    def __post_init__(self) -> None:
        if self.source != NO_SOURCE and not self.source.startswith(("real:", "sample:")):
            raise SettingError(
                f"source is {self.source!r}; it must be real:<digest>, sample:<digest> or none"
            )
        if self.purpose not in get_args(Purpose):
            raise SettingError(f"purpose is {self.purpose!r}; choose from {', '.join(get_args(Purpose))}")

    @property
    def draw_digest(self) -> str:
        """Digest of what decides chance: it seeds mask, noise and prior."""
        return digest_json(
            {
                "source": self.source,
                "lesion": self.lesion.to_json(),
                "seed": self.seed,
                "slot": self.slot,
                "purpose": self.purpose,
                "attempt": self.attempt,
            }
        )

    @property
    def digest(self) -> str:
        """Digest of everything: the sample's id and its address in a bank."""
        return digest_json(self.to_json())

    @property
    def is_virtual(self) -> bool | None:
        """True if no pixel is real, False if the source is, None where the chain must be followed."""
        if self.source == NO_SOURCE:
            return True
        return False if self.source.startswith("real:") else None

    def next_attempt(self) -> "SynthesisRequest":
        """The same request, drawn anew."""
        return replace(self, attempt=self.attempt + 1)

    def to_json(self) -> dict[str, Any]:
        """JSON-serialisable data; `from_json` gives an equal request back."""
        return {
            **{name: getattr(self, name) for name in _PLAIN_FIELDS},
            "lesion": self.lesion.to_json(),
            "sampling": asdict(self.sampling),
            "conditioning": _listed(asdict(self.conditioning)),
            "schema_version": SCHEMA_VERSION,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "SynthesisRequest":
        """The request that `to_json` wrote.

        Raises:
            SettingError: If it was written by another schema version.
        """
        if data["schema_version"] != SCHEMA_VERSION:
            raise SettingError(
                f"the request has schema version {data['schema_version']}, "
                f"this program reads {SCHEMA_VERSION}"
            )
        conditioning: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in data["conditioning"].items()
        }
        return cls(
            **{name: data[name] for name in _PLAIN_FIELDS},
            lesion=Lesion.from_json(data["lesion"]),
            sampling=SamplingSettings(**data["sampling"]),
            conditioning=ConditioningSettings(**conditioning),
        )


_PLAIN_FIELDS = (
    "source", "engine", "seed", "slot", "mask_digest", "anatomy_digest", "keep_mask_digest", "purpose",
    "attempt", "parent", "pixel_version",
)  # fmt: skip


def _listed(data: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in data.items()}
