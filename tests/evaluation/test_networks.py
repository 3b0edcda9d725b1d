"""Known networks run on the user's own files as they were trained, and refuse what does not fit."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from medsynth_aug.errors import CheckpointError
from medsynth_aug.evaluation.extraction.extractors import load_extractor

GREY = np.random.default_rng(0).random((60, 50), dtype=np.float32)


def write_weights(module: nn.Module, file: Path) -> Path:
    save_file({name: value.contiguous().clone() for name, value in module.state_dict().items()}, file)
    return file


def tiny_transformer(folder: Path, *, scaling: dict[str, list[float]] | None = None) -> Path:
    from transformers import ViTConfig, ViTModel

    config = ViTConfig(
        hidden_size=12, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8, image_size=32,
        patch_size=16,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        ViTModel(config, add_pooling_layer=False).save_pretrained(folder)
    if scaling:
        (folder / "preprocessor_config.json").write_text(json.dumps(scaling))
    return folder


def test_inception_gives_pooled_features_with_and_without_its_auxiliary_head(tmp_path: Path) -> None:
    from torchvision.models import inception_v3

    network = inception_v3(weights=None, init_weights=False, aux_logits=True).eval()
    extractor = load_extractor(
        f"inception_v3:{write_weights(network, tmp_path / 'i.safetensors')}", device="cpu"
    )
    assert extractor.name == "inception_v3:i.safetensors"
    assert extractor([GREY]).shape == (1, 2048)


def test_weights_of_torchxrayvision_are_read_without_the_package_and_in_its_range(tmp_path: Path) -> None:
    from torchvision.models import densenet121

    network = densenet121(weights=None, num_classes=18)
    network.features.conv0 = nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    network.register_buffer("op_threshs", torch.zeros(18))
    network.eval()
    extractor = load_extractor(
        f"torchxrayvision:{write_weights(network, tmp_path / 'x.safetensors')}", device="cpu"
    )
    black, white = (
        extractor.prepare(np.zeros((9, 9), np.float32)),
        extractor.prepare(np.ones((9, 9), np.float32)),
    )
    assert black.shape == (1, 224, 224) and black.max() == -1024 and white.min() == 1024
    with torch.inference_mode():
        maps = network.features(torch.from_numpy(extractor.prepare(GREY))[None])
        expected = maps.relu().mean((2, 3)).numpy()
    assert extractor([GREY]) == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_a_transformer_without_a_trained_pooling_layer_gives_its_class_token(tmp_path: Path) -> None:
    extractor = load_extractor(f"transformers:{tiny_transformer(tmp_path / 'vit')}", device="cpu")
    again = load_extractor(f"transformers:{tmp_path / 'vit'}", device="cpu")
    assert extractor.num_features == 12
    assert np.array_equal(extractor([GREY]), again([GREY]))


def test_a_transformer_sees_channels_as_its_own_folder_says(tmp_path: Path) -> None:
    scaling = {"image_mean": [0.5] * 3, "image_std": [0.25] * 3}
    own = load_extractor(f"transformers:{tiny_transformer(tmp_path / 'a', scaling=scaling)}", device="cpu")
    assert own.prepare(np.ones((8, 8), np.float32)).max() == 2
    usual = load_extractor(f"transformers:{tiny_transformer(tmp_path / 'b')}", device="cpu")
    assert own.digest != usual.digest


def test_a_pickle_in_a_transformer_folder_is_refused(tmp_path: Path) -> None:
    folder = tiny_transformer(tmp_path / "vit")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        load_extractor(f"transformers:{folder}", device="cpu")


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "w.safetensors").write_bytes(b"no tensors")
    with pytest.raises(CheckpointError, match="is damaged"):
        load_extractor(f"resnet50:{tmp_path / 'w.safetensors'}", device="cpu")


def test_another_input_size_is_another_extractor() -> None:
    class Mean(nn.Module):
        num_features = 1

        def __init__(self, size: int) -> None:
            super().__init__()
            self.input_size = size

        def forward(self, grey: torch.Tensor) -> torch.Tensor:
            return grey.mean((2, 3))

    assert load_extractor(Mean(8), device="cpu").digest != load_extractor(Mean(9), device="cpu").digest


def test_loading_leaves_the_global_generator_alone(tmp_path: Path) -> None:
    folder = tiny_transformer(tmp_path / "vit")
    before = torch.get_rng_state()
    load_extractor(f"transformers:{folder}", device="cpu")
    assert torch.equal(torch.get_rng_state(), before)
