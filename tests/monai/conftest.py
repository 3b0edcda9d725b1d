"""Small radiographs as MONAI items, and a transform that always paints a nodule."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.data import MetaTensor
from monai.utils import set_determinism
from PIL import Image

from medsynth_aug import FakeSynthesizer
from medsynth_monai import RandSynthesizeLesiond

HEIGHT, WIDTH = 96, 128


@pytest.fixture
def film() -> np.ndarray:
    """`(H, W)` uint8: noise between 60 and 180, wider than high."""
    return np.random.default_rng(5).integers(60, 180, (HEIGHT, WIDTH), dtype=np.uint8)


@pytest.fixture
def png(film: np.ndarray, tmp_path: Path) -> Path:
    path = tmp_path / "film.png"
    Image.fromarray(film).save(path)
    return path


@pytest.fixture
def item(film: np.ndarray) -> dict[str, Any]:
    """A normal radiograph as stock readers and ScaleIntensityRanged leave it: `(1, W, H)` in [0, 1]."""
    image = MetaTensor(torch.from_numpy(film.T[None] / np.float32(255)).float(), meta={"patient": "p1"})
    return {"image": image, "label": 0}


@pytest.fixture
def painter() -> Callable[..., RandSynthesizeLesiond]:
    """Makes a transform that paints a nodule (class 4) into every normal (class 0)."""

    def make(**settings: Any) -> RandSynthesizeLesiond:
        settings = {"lesions": {4: "nodule"}, "background": [0], "prob": 1.0, **settings}
        return RandSynthesizeLesiond("image", settings.pop("synthesizer", FakeSynthesizer()), **settings)

    return make


@pytest.fixture
def seeded() -> Iterator[Callable[..., None]]:
    """Seeds everything as MONAI users do, and leaves nothing behind."""
    torch_state, numpy_state = torch.get_rng_state(), np.random.get_state()  # noqa: NPY002
    yield set_determinism
    set_determinism(None)
    torch.set_rng_state(torch_state)
    np.random.set_state(numpy_state)  # noqa: NPY002
