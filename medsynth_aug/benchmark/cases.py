"""The two lesions that are painted: one of nodule size and one that fills a hemithorax."""

from dataclasses import dataclass

import torch

from medsynth_aug.anatomy import assume_spacing, schematic_lungs
from medsynth_aug.errors import GridError
from medsynth_aug.lesions import Lesion, resolve_lesion
from medsynth_aug.synthesis import SourceImage, Synthesizer

NODULE_MM = 15.0


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """One lesion at one place of one image.

    Args:
        name: `nodule` or `hemithorax`.
        lesion: What is painted.
        source: What it is painted into.
        anatomy: `(2, H, W)` lung fields.
        mask: `(1, H, W)` where the lesion is; the same for every contender.
        extent_mm: Longer side of the mask's box.
    """

    name: str
    lesion: Lesion
    source: SourceImage
    anatomy: torch.Tensor
    mask: torch.Tensor
    extent_mm: float


def build_cases(source: SourceImage, synthesizer: Synthesizer, *, is_phantom: bool) -> tuple[Case, Case]:
    """A 15 mm nodule in, and a pneumothorax of the whole of, the patient's left lung.

    Raises:
        GridError: If no left lung is seen in the image.
    """
    shape = (source.pixels.shape[1], source.pixels.shape[2])
    anatomy = schematic_lungs(shape) if is_phantom else synthesizer.segment(source)
    if not bool(anatomy[1].any()):
        raise GridError("no left lung field is seen in the image; give --image a frontal chest radiograph")
    lung = anatomy[1:].clone()
    spacing_mm = (source.spacing or assume_spacing(anatomy)).mean_mm
    return (
        _case("nodule", "nodule", source, anatomy, _disc(lung, NODULE_MM / 2 / spacing_mm), spacing_mm),
        _case("hemithorax", "pneumothorax", source, anatomy, lung, spacing_mm),
    )


def _case(
    name: str, lesion: str, source: SourceImage, anatomy: torch.Tensor, mask: torch.Tensor, spacing_mm: float
) -> Case:
    rows, columns = mask[0].any(dim=1).nonzero(), mask[0].any(dim=0).nonzero()
    extent_px = max(int(rows[-1] - rows[0]), int(columns[-1] - columns[0])) + 1
    return Case(name, resolve_lesion(lesion), source, anatomy, mask, extent_px * spacing_mm)


def _disc(lung: torch.Tensor, radius_px: float) -> torch.Tensor:
    """A disc round the lung's pixel nearest to its centre of mass, `(1, H, W)` bool."""
    inside = lung[0].nonzero().float()
    row, column = inside[(inside - inside.mean(0)).square().sum(1).argmin()].tolist()
    rows = torch.arange(lung.shape[1])[:, None] - row
    columns = torch.arange(lung.shape[2])[None, :] - column
    return (rows**2 + columns**2 <= radius_px**2)[None]
