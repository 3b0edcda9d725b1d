"""The appearance prior draws images that go with the lung fields and the words that it is given."""

from pathlib import Path

import numpy as np
import pytest
import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.diffusion.appearance import (
    APPEARANCE_FILE,
    IMAGE_SIDE,
    AppearancePrior,
    fit_appearance,
    read_appearance,
)
from medsynth_aug.errors import CheckpointError


def lungs_of(shift: int) -> np.ndarray:
    """A textbook thorax, moved down by some pixels."""
    return np.roll(schematic_lungs((128, 128)).any(0).numpy(), shift, 0).astype(np.float32)


def image_of(lungs: np.ndarray, rng: np.random.Generator, child: bool) -> np.ndarray:
    """Dark lungs in soft tissue of a random exposure; children are brighter."""
    small = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(lungs)[None], IMAGE_SIDE)[0].numpy()
    return (0.6 + 0.15 * child - 0.3 * small + 0.03 * rng.standard_normal()).astype(np.float32)


@pytest.fixture(scope="module")
def prior() -> AppearancePrior:
    rng = np.random.default_rng(0)
    lungs = [lungs_of(int(rng.integers(-12, 13))) for _ in range(120)]
    children = rng.random(120) < 0.5
    images = np.stack([image_of(one, rng, child) for one, child in zip(lungs, children, strict=True)])
    prompts = ["AP view, child" if child else "PA view" for child in children]
    return fit_appearance(images, lungs, prompts, modes=16, mask_modes=8)


@pytest.mark.parametrize("shift", [-10, 0, 10])
def test_the_lungs_are_dark_where_they_were_asked_for(prior: AppearancePrior, shift: int) -> None:
    image = prior.draw(lungs_of(shift), "PA view", np.random.default_rng(1))
    inside = lungs_of(shift)[::2, ::2] > 0.5
    assert image[~inside].mean() - image[inside].mean() > 0.2


def test_an_attribute_of_the_prompt_is_heeded(prior: AppearancePrior) -> None:
    child, adult = (
        np.mean([prior.draw(lungs_of(0), words, np.random.default_rng(seed)).mean() for seed in range(20)])
        for words in ("AP view, child", "PA view")
    )
    assert child - adult > 0.08


def test_the_same_chance_draws_the_same_image_and_another_another(prior: AppearancePrior) -> None:
    one, again, other = (prior.draw(lungs_of(0), "", np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
    assert (one.shape, one.dtype) == ((IMAGE_SIDE, IMAGE_SIDE), np.float32)
    assert 0 <= one.min() <= one.max() <= 1


def test_it_comes_back_from_its_file(prior: AppearancePrior, tmp_path: Path) -> None:
    assert read_appearance(tmp_path) is None
    prior.save(tmp_path)
    found = read_appearance(tmp_path)
    assert found is not None
    drawn = (one.draw(lungs_of(5), "child", np.random.default_rng(0)) for one in (prior, found))
    assert np.allclose(*drawn, atol=5e-3)


def test_a_file_of_another_kind_is_refused(tmp_path: Path) -> None:
    (tmp_path / APPEARANCE_FILE).parent.mkdir()
    (tmp_path / APPEARANCE_FILE).write_bytes(b"no tensors")
    with pytest.raises(CheckpointError, match="is not an appearance prior"):
        read_appearance(tmp_path)
