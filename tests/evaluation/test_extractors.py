"""Extractors are local, safe and named; features are computed once and kept by digest."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from medsynth_aug.errors import CheckpointError, SettingError
from medsynth_aug.evaluation.extraction.encoder import RadiographEncoder, load_encoder, standardise
from medsynth_aug.evaluation.extraction.extractors import load_extractor
from medsynth_aug.evaluation.extraction.features import features_of
from medsynth_aug.evaluation.images import EvaluationImage
from medsynth_aug.types import ValueRange


class Means(nn.Module):
    """Two features a module can be checked by, and a count of what it looked at."""

    num_features = 2
    input_size = 8

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def forward(self, grey: torch.Tensor) -> torch.Tensor:
        self.seen += len(grey)
        return torch.stack([grey.mean((1, 2, 3)), grey.amax((1, 2, 3))], 1)


def film(seed: int) -> EvaluationImage:
    pixels = torch.from_numpy(np.random.default_rng(seed).integers(0, 255, (1, 40, 50)).astype(np.uint8))
    return EvaluationImage(
        name=str(seed), pixels=pixels, value_range=ValueRange(0, 255), label="x", patient=str(seed),
        digest=f"real:{seed}",
    )  # fmt: skip


def test_our_encoder_is_small_and_sees_no_exposure() -> None:
    assert sum(one.numel() for one in RadiographEncoder().parameters()) < 1e6
    grey = film(0).grey
    assert np.allclose(standardise(grey), standardise((0.3 + 0.5 * grey).astype(np.float32)), atol=1e-4)


def test_our_encoder_comes_with_the_package() -> None:
    extractor = load_extractor(device="cpu")
    assert (extractor.name, extractor.num_features) == ("medsynth", 64)
    features = extractor([film(0).grey, film(1).grey, film(0).grey])
    assert features.shape == (3, 64) and np.isfinite(features).all()
    assert np.allclose(features[0], features[2], atol=1e-5) and not np.allclose(features[0], features[1])


def test_any_module_may_look() -> None:
    extractor = load_extractor(Means(), device="cpu")
    assert (extractor.name, extractor.num_features) == ("Means", 2)
    assert extractor([np.full((30, 20), 0.25, np.float32)]) == pytest.approx(np.array([[0.25, 0.25]]))
    with pytest.raises(SettingError, match="Linear has no num_features"):
        load_extractor(nn.Linear(2, 2))


def test_the_users_own_weights_of_a_known_network_are_read(tmp_path: Path) -> None:
    from torchvision.models import resnet50

    weights = {name: value.contiguous() for name, value in resnet50(weights=None).state_dict().items()}
    save_file(
        {name: value for name, value in weights.items() if not name.startswith("fc.")},
        tmp_path / "w.safetensors",
    )
    extractor = load_extractor(f"resnet50:{tmp_path / 'w.safetensors'}", device="cpu")
    assert extractor([film(0).grey]).shape == (1, 2048)
    save_file({"conv1.weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(CheckpointError, match="does not fit torchvision's resnet50"):
        load_extractor(f"resnet50:{tmp_path / 'other.safetensors'}")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("vgg", "is not known; choose from medsynth"),
        ("resnet50:weights.pth", "a pickle can run code when read"),
        ("resnet50:gone.safetensors", "does not exist"),
        ("transformers:gone", "is not a folder"),
        ("torchxrayvision:densenet121-res224-all", "pip install torchxrayvision"),
    ],
)
def test_what_cannot_be_loaded_is_named_with_the_way_out(name: str, message: str) -> None:
    with pytest.raises((SettingError, CheckpointError), match=message):
        load_extractor(name, device="cpu")


def test_missing_or_foreign_weights_of_the_encoder_are_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="is missing"):
        load_encoder(tmp_path / "gone.safetensors")
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match="does not fit the encoder"):
        load_encoder(tmp_path / "a.safetensors")


def test_no_image_is_looked_at_twice(tmp_path: Path) -> None:
    module = Means()
    extractor = load_extractor(module, device="cpu")
    films = [film(0), film(1), film(0)]
    first = features_of(films, extractor, cache=tmp_path, progress=False)
    assert module.seen == 2 and np.array_equal(first[0], first[2])
    again = features_of([*films, film(2)], extractor, cache=tmp_path, progress=False)
    assert module.seen == 3 and np.array_equal(again[:3], first)
    features_of(
        films,
        extractor,
        cache=tmp_path,
        progress=False,
        crop=lambda one: one.grey[:9, :9],
        crop_name="corner",
    )
    assert module.seen == 5


def test_a_damaged_cache_is_announced_and_made_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    extractor = load_extractor(Means(), device="cpu")
    first = features_of([film(0)], extractor, cache=tmp_path, progress=False)
    kept = next(tmp_path.glob("*.safetensors"))
    kept.write_bytes(b"not tensors")
    assert np.array_equal(features_of([film(0)], extractor, cache=tmp_path, progress=False), first)
    assert "is damaged" in capsys.readouterr().err
    assert np.array_equal(features_of([film(0)], extractor, cache=tmp_path, progress=False), first)
    assert capsys.readouterr().err == ""


def test_no_images_have_no_features() -> None:
    assert features_of([], load_extractor(Means(), device="cpu"), progress=False).shape == (0, 2)
