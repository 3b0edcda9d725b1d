"""Our encoder ships small, with its card, and sees a film the same way whatever its size and company."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from medsynth_aug.errors import CheckpointError
from medsynth_aug.evaluation.extraction.encoder import SHIPPED_WEIGHTS, load_encoder, standardise
from medsynth_aug.evaluation.extraction.extractors import load_extractor


def film(shape: tuple[int, int] = (300, 260)) -> np.ndarray:
    rng = np.random.default_rng(0)
    return np.asarray(cv2.resize(rng.random((9, 7), dtype=np.float32), shape[::-1]), np.float32)


def test_the_shipped_weights_are_small_half_precision_and_described() -> None:
    assert SHIPPED_WEIGHTS.stat().st_size < 3e6
    assert {value.dtype for value in load_file(SHIPPED_WEIGHTS).values()} == {torch.float16}
    card = (SHIPPED_WEIGHTS.parent / "README.md").read_text()
    assert "eval" in card and "AUROC" in card and "python -m medsynth_aug.training.encoder" in card


def test_the_encoder_is_ready_to_judge_and_leaves_the_global_generator_alone() -> None:
    before = torch.get_rng_state()
    encoder = load_encoder()
    assert torch.equal(torch.get_rng_state(), before)
    assert not encoder.training and not any(one.requires_grad for one in encoder.parameters())
    assert {one.dtype for one in encoder.parameters()} == {torch.float32}
    assert encoder.num_features == 64 and encoder(torch.zeros(2, 1, 128, 128)).shape == (2, 64)


def test_features_do_not_depend_on_the_company() -> None:
    extractor = load_extractor(device="cpu")
    alone, other = extractor([film()]), extractor([film()[::-1].copy(), film()])
    assert np.allclose(alone[0], other[1], atol=1e-4)


def test_a_film_looks_alike_at_another_size() -> None:
    extractor = load_extractor(device="cpu")
    large, small, upside_down = extractor([film((512, 440)), film((256, 220)), film((256, 220))[::-1].copy()])
    assert np.linalg.norm(large - small) < 0.2 * np.linalg.norm(large - upside_down)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_a_film_without_contrast_has_features_too(value: float) -> None:
    seen = standardise(np.full((40, 50), value, np.float32))
    assert seen.shape == (128, 128) and np.isfinite(seen).all()


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(SHIPPED_WEIGHTS.read_bytes()[:1000])
    with pytest.raises(CheckpointError, match="is damaged"):
        load_encoder(tmp_path / "w.safetensors")
