"""What a training loop is served is proven, though of a sample only its edit is read."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from medsynth_aug.bank import SampleBank
from medsynth_aug.bank.packing import pack_sample
from medsynth_aug.data import RebalancedDataset
from medsynth_aug.errors import DamagedSampleError
from medsynth_aug.synthesis import FakeSynthesizer
from tests.data.small import Items, single_label

FIRST = 16


def rebalance(folder: Path, source: Any = None) -> RebalancedDataset:
    return RebalancedDataset(
        source or single_label(), FakeSynthesizer(), lesions={3: "nodule"}, background=[0], bank=folder,
        progress=False, groups=None if source is None else "each-image",
    )  # fmt: skip


def file_of(data: RebalancedDataset, index: int) -> Path:
    digest = data.sample(index).digest
    (path,) = (data.bank.path / "pixels").glob(f"*/{digest}*")
    return path


def start_of_image(data: bytes) -> int:
    """Where the pixels of a sample of 72 x 72 pixels begin in its file."""
    return data.index(pack_image(data))


def pack_image(data: bytes) -> bytes:
    from safetensors.torch import load

    return load(data)["image"].numpy().tobytes()


def flip(path: Path, place: Callable[[bytes], int]) -> None:
    data = bytearray(path.read_bytes())
    data[place(bytes(data))] ^= 1
    path.write_bytes(data)


def test_a_damaged_edit_is_named_when_it_is_served(tmp_path: Path) -> None:
    data = rebalance(tmp_path)
    row, column = (int(one[0]) for one in data.sample(FIRST).edit_region[0].nonzero(as_tuple=True))
    flip(file_of(data, FIRST), lambda held: start_of_image(held) + row * 72 + column)
    with pytest.raises(DamagedSampleError, match="is damaged: its SHA-256"):
        data[FIRST]
    assert data[FIRST + 1][1] == 3


def test_damage_beside_the_edit_never_reaches_an_item_and_is_found_by_verify(tmp_path: Path) -> None:
    data = rebalance(tmp_path)
    before, sample = data[FIRST][0], data.sample(FIRST)
    assert not sample.edit_region[0, 0, 0]
    flip(file_of(data, FIRST), start_of_image)
    assert np.array_equal(data[FIRST][0], before) and np.array_equal(before, sample.image[0].numpy())
    (damage,) = data.bank.verify()
    assert sample.digest in str(damage)


def test_a_missing_file_is_named_when_it_is_served(tmp_path: Path) -> None:
    data = rebalance(tmp_path)
    data[FIRST]
    file_of(data, FIRST).unlink()
    with pytest.raises(DamagedSampleError, match="is missing"):
        data[FIRST]


def test_samples_of_an_older_bank_are_served_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new = rebalance(tmp_path / "new")
    with monkeypatch.context() as patch:
        patch.setattr("medsynth_aug.bank.packing.describe_edit", lambda sample: {})
        old = rebalance(tmp_path / "old")
    digest = old.sample(FIRST).digest
    assert old.bank.edits.get(digest, old.plan.samples[0].request.source) is None
    assert new.bank.edits.get(digest, new.plan.samples[0].request.source) is not None
    assert all(np.array_equal(old[index][0], new[index][0]) for index in range(FIRST, len(new)))


@pytest.mark.parametrize("form", ["tensor", "array", "PIL"])
def test_a_served_item_shares_no_memory_with_its_background(tmp_path: Path, form: str) -> None:
    made: Any = {"tensor": torch.from_numpy, "array": np.array, "PIL": Image.fromarray}[form]
    source = Items([(made(image), label) for image, label in single_label().items])
    data = rebalance(tmp_path, source)
    background = data.plan.samples[0].index
    before = np.array(source.items[background][0])
    served = data[FIRST][0]
    if form == "PIL":
        served.putpixel((0, 0), 255)
    else:
        served[:] = 0
    assert np.array_equal(np.array(source.items[background][0]), before)
    assert np.array_equal(np.array(data[FIRST][0]), data.sample(FIRST).image[0].numpy())


def test_what_is_packed_says_where_its_edit_is(tmp_path: Path) -> None:
    data = rebalance(tmp_path)
    assert isinstance(data.bank, SampleBank)
    sample = data.sample(FIRST)
    assert b'"__metadata__":{"edit":' in pack_sample(sample)
