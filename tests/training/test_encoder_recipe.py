"""The encoder's recipe learns what is known, resumes, and leaves weights that load."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from medsynth_aug.evaluation.extraction.encoder import load_encoder
from medsynth_aug.training.encoder.recipe import EncoderRecipe, run, target_loss, vicreg
from medsynth_aug.training.encoder.targets import targets_of
from medsynth_aug.training.encoder.views import draw_view, keep
from medsynth_aug.training.starter.images.radiographs import Radiograph


def film(labels: str, source: str, view: str = "PA") -> Radiograph:
    row = {"labels": labels, "source": source, "view": view, "sex": "F", "age": "25", "patient_id": "x"}
    return Radiograph(pixels=np.zeros((20, 20), np.uint8), row=row)


def test_a_short_run_leaves_weights_that_load_and_a_longer_one_goes_on(
    radiograph_folder: Path, tmp_path: Path
) -> None:
    recipe = EncoderRecipe(
        data=radiograph_folder, out=tmp_path, budget_minutes=60, device="cpu", batch_size=4, max_steps=2
    )
    file = run(recipe)
    assert file.stat().st_size < 3e6
    assert load_encoder(file)(torch.zeros(1, 1, 128, 128)).shape == (1, 64)
    run(replace(recipe, max_steps=3))
    assert json.loads((tmp_path / "state" / "state.json").read_text())["step"] == 3


def test_a_finding_is_unknown_where_its_source_never_records_it() -> None:
    films = [film("Viral", "A"), film("Normal", "A"), film("Nodule", "B"), film("No Finding", "B", "AP")] * 15
    targets = targets_of(films)
    assert targets.names == ("Nodule", "Viral", "healthy", "view PA", "sex M", "age")
    viral_a, healthy_a, nodule_b, healthy_b = targets.values[:4]
    assert torch.equal(viral_a[1:3], torch.tensor([1.0, 0.0])) and bool(torch.isnan(viral_a[0]))
    assert torch.equal(nodule_b[[0, 2]], torch.tensor([1.0, 0.0])) and bool(torch.isnan(nodule_b[1]))
    assert healthy_a[2] == healthy_b[2] == 1
    assert bool(torch.isnan(healthy_a[3])) and healthy_b[3] == 0 and nodule_b[3] == 1


def test_what_is_not_known_teaches_nothing() -> None:
    told = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    known = torch.full((5, 4), float("nan"))
    assert target_loss(told, known) == 0
    known[0, 1] = 1
    assert target_loss(told, known) > 0


def test_collapsed_views_cost_more_than_spread_ones() -> None:
    spread = torch.randn(64, 8, generator=torch.Generator().manual_seed(0)) * 1.2
    assert vicreg(spread, spread) < 0.3 * vicreg(torch.ones(64, 8), torch.ones(64, 8))


def test_two_views_differ_and_follow_their_generator() -> None:
    kept = keep(np.random.default_rng(0).integers(0, 255, (90, 70)).astype(np.uint8))
    one, other = draw_view(np.random.default_rng(1), kept), draw_view(np.random.default_rng(2), kept)
    assert one.shape == (128, 128) and not np.allclose(one, other)
    assert np.array_equal(one, draw_view(np.random.default_rng(1), kept))
