"""The row of a sample: a listed projection of what made it, and names in place of digests."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch

from medsynth_aug.errors import SyncError
from medsynth_aug.synthesis import SyntheticSample
from medsynth_aug.synthesis.digest import canonical_json
from medsynth_supabase.project.naming import Names
from medsynth_supabase.pushing.shown import Shown

BITS = {torch.uint8: 8, torch.uint16: 16}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """Where the objects of a sample are; all empty where its pixels do not go there.

    Args:
        image: Path of the image, or None.
        sha256: Of the image's PNG, or None.
        masks: Path of the mask of each finding, in order.
    """

    image: str | None = None
    sha256: str | None = None
    masks: tuple[str, ...] = ()


def row_of(
    chain: Sequence[SyntheticSample], shown: Shown | None, names: Names, pixels: str, stored: Stored
) -> dict[str, Any]:
    """The columns of a sample, but for project, name and status.

    Nothing of it is a digest of a request, of pixels or of a real image: samples are named with the project's
    key, and slots, parents, sources and the digests of masks and anatomies are left out.

    Args:
        chain: The sample, and the samples that it was painted on, as far as they are known.
        shown: Whom it shows; None for a painted real image.
        names: Of the project.
        pixels: SHA-256 of the bank's file.
        stored: Where its objects are.

    Raises:
        SyncError: If the image is none that a project holds.
    """
    sample = chain[0]
    if sample.image.dtype not in BITS:
        kind = str(sample.image.dtype).removeprefix("torch.")
        raise SyncError(f"its pixels are {kind}; a project holds images of 8 or 16 bits")
    height, width = sample.image.shape[-2:]
    return {
        "virtual": shown is not None,
        "purpose": sample.request.purpose,
        "lesion": sample.lesion,
        **_who(shown),
        "findings": _findings(chain, shown, stored),
        "spacing_mm": None if sample.spacing is None else [float(one) for one in sample.spacing],
        "width": width,
        "height": height,
        "bits": BITS[sample.image.dtype],
        "pixels": names.pixels(pixels),
        "object": stored.image,
        "object_sha256": stored.sha256,
        "provenance": provenance_of(chain, names),
    }


def masks_of(chain: Sequence[SyntheticSample], shown: Shown | None) -> list[torch.Tensor]:
    """The mask of each finding, in the order of the row; `(1, H, W)` bool.

    Raises:
        SyncError: If a finding is of another chain.
    """
    held = {one.digest: one for one in chain}
    if shown is None:
        return [chain[0].mask] if chain[0].box is not None else []
    if any(one.sample not in held for one in shown.findings):
        raise SyncError("a finding of its patient is not in its chain; the record and the image do not fit")
    return [held[one.sample].mask for one in shown.findings]


def provenance_of(chain: Sequence[SyntheticSample], names: Names) -> dict[str, Any]:
    """What a project tells of how an image was made: these fields and no others."""
    sample, whole = chain[0], chain[-1]
    request, said = sample.request, sample.provenance
    canvas = whole.request.canvas
    return {
        "engine": request.engine,
        "maker": str(said.get("maker", "")),
        "version": str(said.get("version", "")),
        "prompt": "" if canvas is None else canvas.prompt,
        "lesion": sample.lesion,
        "side": _text(said, "side"),
        "size_mm": _number(said, "size_mm"),
        "seed": request.seed,
        "attempt": request.attempt,
        "pixel_version": request.pixel_version,
        "sampling": canonical_json(asdict(request.sampling)),
        "conditioning": canonical_json(asdict(request.conditioning)),
        "chain": [names.sample(one.digest) for one in chain],
    }


def _who(shown: Shown | None) -> dict[str, Any]:
    if shown is None:
        return dict.fromkeys(("patient", "visit", "day", "sex", "age_years", "view"))
    who, image = shown.patient, shown.image
    return {
        "patient": who.id, "visit": image.visit, "day": image.day, "sex": who.sex,
        "age_years": who.age_years, "view": who.view,
    }  # fmt: skip


def _findings(chain: Sequence[SyntheticSample], shown: Shown | None, stored: Stored) -> list[dict[str, Any]]:
    masks = stored.masks or (None,) * len(masks_of(chain, shown))
    if shown is not None:
        return [
            {
                "lesion": one.lesion, "side": one.side, "severity": one.severity,
                "size_mm": float(one.size_mm), "box": [int(edge) for edge in one.box], "mask": mask,
            }
            for one, mask in zip(shown.findings, masks, strict=True)
        ]  # fmt: skip
    sample = chain[0]
    return [
        {
            "lesion": sample.lesion, "side": _text(sample.provenance, "side"),
            "severity": _text(sample.provenance, "severity"),
            "size_mm": _number(sample.provenance, "size_mm"), "box": [int(edge) for edge in sample.box or ()],
            "mask": mask,
        }
        for mask in masks
    ]  # fmt: skip


def _text(said: Mapping[str, Any], name: str) -> str | None:
    value = said.get(name)
    return None if value is None else str(value)


def _number(said: Mapping[str, Any], name: str) -> float | None:
    value = said.get(name)
    return None if value is None else float(value)
