"""Anatomy kept is 1 for an edit that stays in its lesion, and falls with what is broken round it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.errors import GridError
from medsynth_aug.evaluation.anatomy_kept import anatomy_kept, dice, edge_f1
from medsynth_aug.evaluation.images import EvaluationImage
from medsynth_aug.types import Grey, ValueRange

SHAPE = (160, 160)


def film(seed: int = 0) -> EvaluationImage:
    rng = np.random.default_rng(seed)
    rows = np.arange(SHAPE[0])[:, None]
    grey = 150 - 70 * schematic_lungs(SHAPE).any(0).numpy() + 25 * np.sin(rows / 5) + rng.normal(0, 2, SHAPE)
    pixels = torch.from_numpy(np.clip(grey, 0, 255).astype(np.uint8))[None]
    return EvaluationImage(
        name=f"f{seed}", pixels=pixels, value_range=ValueRange(0, 255), label="nodule", patient=f"p{seed}",
        digest=f"real:{seed}",
    )  # fmt: skip


def segment(grey: Grey) -> torch.Tensor:
    """Lungs are what is dark: enough for a film that is drawn so."""
    dark = torch.from_numpy(grey < 0.45) & schematic_lungs(SHAPE).any(0)
    return torch.stack([dark, torch.zeros_like(dark)])


def painted(one: EvaluationImage, edit: Callable[[np.ndarray], np.ndarray]) -> EvaluationImage:
    mask = np.zeros(SHAPE, bool)
    mask[70:90, 40:60] = True
    region = np.zeros(SHAPE, bool)
    region[55:105, 25:75] = True
    after = np.where(region, edit(one.pixels[0].numpy().astype(float)), one.pixels[0].numpy())
    after[mask] = 200
    pixels = torch.from_numpy(np.clip(after, 0, 255).astype(np.uint8))[None]
    return replace(one, pixels=pixels, source=one.digest, mask=mask, edit_region=region, origin="painted")


def row(edit: Callable[[np.ndarray], np.ndarray]) -> dict[str, float]:
    one = film()
    found = anatomy_kept([(painted(one, edit), one)], segment=segment, progress=False)
    return {key: float(value) for key, value in found.rows[0].items() if key != "name"}


def test_an_edit_inside_its_lesion_keeps_the_anatomy() -> None:
    kept = row(lambda pixels: pixels)
    assert kept["edge_f1"] > 0.85 and kept["ssim"] > 0.94 and kept["lung_overlap"] == 1


def test_a_blurred_neighbourhood_loses_structure() -> None:
    noise = np.random.default_rng(1).normal(0, 25, SHAPE)
    assert row(lambda pixels: pixels + noise)["ssim"] < row(lambda pixels: pixels)["ssim"] - 0.2


def test_structure_that_was_invented_costs_edges() -> None:
    noise = np.random.default_rng(1).normal(0, 60, SHAPE)
    assert row(lambda pixels: pixels + noise)["edge_f1"] < row(lambda pixels: pixels)["edge_f1"] - 0.1


def test_a_lung_that_was_filled_loses_overlap() -> None:
    assert row(lambda pixels: np.full_like(pixels, 210.0))["lung_overlap"] < 0.95


def test_edges_may_move_by_the_tolerance_only() -> None:
    grey = film().grey
    everywhere = np.ones_like(grey, bool)
    assert edge_f1(grey, grey, everywhere) == 1
    near, far = (edge_f1(np.roll(grey, shift, axis=0), grey, everywhere) for shift in (1, 7))
    assert near > 0.9 and far < near - 0.1
    flat = np.zeros_like(grey)
    assert edge_f1(flat, flat, everywhere) == 1 and edge_f1(flat, grey, everywhere) == 0


def test_dice_of_half_a_map_is_two_thirds() -> None:
    half, full = np.zeros((4, 4), bool), np.ones((4, 4), bool)
    half[:2] = True
    assert dice(half, full) == pytest.approx(2 / 3) and dice(~full, ~full) == 1


def test_the_figures_count_images_and_have_intervals_over_patients() -> None:
    pairs = [(painted(film(seed), lambda pixels: pixels), film(seed)) for seed in range(4)]
    figures = anatomy_kept(pairs, segment=segment, progress=False).figures
    assert [one.name for one in figures] == ["edge F1", "SSIM", "lung overlap"]
    assert all(one.n == {"images": 4} and one.low is not None for one in figures)


def test_another_size_than_the_source_is_named() -> None:
    one = film()
    small = replace(one, pixels=one.pixels[:, :100])
    with pytest.raises(GridError, match=r"f0 is \(160, 160\) but its source f0 is \(100, 160\)"):
        anatomy_kept([(painted(one, lambda pixels: pixels), small)], segment=segment, progress=False)
