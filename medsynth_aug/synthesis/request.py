"""A request is a value: everything that decides one sample, frozen and serialisable."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from operator import attrgetter
from typing import Any, ClassVar, Literal, get_args

from medsynth_aug.conditioning.settings import ConditioningSettings
from medsynth_aug.errors import SettingError
from medsynth_aug.lesions.lesion import Lesion
from medsynth_aug.synthesis.canonical import digest_fields
from medsynth_aug.synthesis.canvas import Canvas
from medsynth_aug.synthesis.settings import SamplingSettings
from medsynth_aug.synthesis.source import NO_SOURCE

SCHEMA_VERSION = 1
"""Version of the request's JSON."""

PIXEL_VERSION = 2
"""Raised by hand whenever a change of the code changes pixels."""

NO_LESION = "none"
"""What a whole image without a source is filed under."""

Purpose = Literal["lesion", "sham", "patient"]

_PURPOSES = get_args(Purpose)


@dataclass(frozen=True, slots=True, kw_only=True)
class SynthesisRequest:
    """One sample to be made.

    Args:
        source: `real:<digest>`, `sample:<request digest>` or `none`.
        lesion: The lesion with resolved priors; None for a whole image without a source, into which a lesion
            is painted by a second request with the first one's `sample:<digest>` as its source.
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
        canvas: What a whole image is made as; given exactly where source is `none`.
        pixel_version: Version of the code that decides pixels; a stored request keeps its own.

    Raises:
        SettingError: If source or purpose have no known form, or do not go with lesion and canvas.
    """

    schema_version: ClassVar[int] = SCHEMA_VERSION

    source: str
    lesion: Lesion | None
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
    canvas: Canvas | None = None
    pixel_version: int = PIXEL_VERSION

    def __post_init__(self) -> None:
        if self.source != NO_SOURCE and not self.source.startswith(("real:", "sample:")):
            raise SettingError(
                f"source is {self.source!r}; it must be real:<digest>, sample:<digest> or none"
            )
        if self.purpose not in _PURPOSES:
            raise SettingError(f"purpose is {self.purpose!r}; choose from {', '.join(_PURPOSES)}")
        self._check_canvas()

    def _check_canvas(self) -> None:
        if self.source != NO_SOURCE:
            if self.lesion is None:
                raise SettingError(
                    f"no lesion is named to be painted into {self.source}; only a whole image "
                    "(source='none') goes without"
                )
            if self.canvas is not None:
                raise SettingError(
                    f"canvas is given beside source {self.source}, which has a grid of its own"
                )
            return
        if self.canvas is None or self.anatomy_digest is None or self.purpose != "patient":
            raise SettingError(
                "source is 'none': a whole image needs canvas=Canvas(...), anatomy_digest= and "
                "purpose='patient'"
            )
        if self.lesion is not None:
            raise SettingError(
                f"lesion is {self.lesion.name} but source is 'none'; make the whole image first, then paint "
                "the lesion in a second request with source='sample:<digest of the first>'"
            )

    @property
    def lesion_name(self) -> str:
        """Name of the lesion, or "none" for a whole image."""
        return NO_LESION if self.lesion is None else self.lesion.name

    @property
    def draw_digest(self) -> str:
        """Digest of what decides chance: it seeds mask, noise and prior."""
        return digest_fields(zip(_DRAWN, _drawn_of(self)))

    @property
    def digest(self) -> str:
        """Digest of everything: the sample's id and its address in a bank."""
        if self.canvas is None:
            return digest_fields(zip(_PAINTED, _painted_of(self)))
        return digest_fields(zip(_WHOLE, _whole_of(self)))

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
        data = {
            **{name: getattr(self, name) for name in _PLAIN_FIELDS},
            "lesion": _lesion_json(self.lesion),
            "sampling": asdict(self.sampling),
            "conditioning": _listed(asdict(self.conditioning)),
            "schema_version": SCHEMA_VERSION,
        }
        if self.canvas is not None:
            data["canvas"] = _listed(asdict(self.canvas))
        return data

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
        return cls(
            **{name: data[name] for name in _PLAIN_FIELDS},
            lesion=None if data["lesion"] is None else Lesion.from_json(data["lesion"]),
            sampling=SamplingSettings(**data["sampling"]),
            conditioning=ConditioningSettings(**_tupled(data["conditioning"])),
            canvas=Canvas(**_tupled(data["canvas"])) if "canvas" in data else None,
        )


_PLAIN_FIELDS = (
    "source", "engine", "seed", "slot", "mask_digest", "anatomy_digest", "keep_mask_digest", "purpose",
    "attempt", "parent", "pixel_version",
)  # fmt: skip

_DRAWN = ("attempt", "lesion", "purpose", "seed", "slot", "source")
_PAINTED = tuple(sorted((*_PLAIN_FIELDS, "conditioning", "lesion", "sampling", "schema_version")))
_WHOLE = tuple(sorted((*_PAINTED, "canvas")))
_drawn_of, _painted_of, _whole_of = (attrgetter(*names) for names in (_DRAWN, _PAINTED, _WHOLE))


def _listed(data: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in data.items()}


def _tupled(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in data.items()}


def _lesion_json(lesion: Lesion | None) -> dict[str, Any] | None:
    return None if lesion is None else lesion.to_json()
