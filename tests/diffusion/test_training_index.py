"""A training index says whom a checkpoint saw and whose each row is; older and damaged ones stand out."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from medsynth_aug.diffusion.training_index import TrainingIndex, build_index, hash_patient, read_index
from medsynth_aug.errors import CheckpointError

GROUPS = ["b", "a", "b"]


def small_index(*, features: bool = True) -> TrainingIndex:
    rng = np.random.default_rng(0)
    return build_index(
        ["patient 1"],
        [rng.integers(0, 255, (40, 50)).astype(np.uint8) for _ in GROUPS],
        [np.zeros((2, 40, 50), bool) for _ in GROUPS],
        groups=GROUPS,
        features=rng.normal(size=(3, 4)).astype(np.float32) if features else None,
        encoder="abc" if features else "",
    )


def test_features_and_rows_come_back_as_they_were_written(tmp_path: Path) -> None:
    made = small_index()
    made.save(tmp_path)
    read = read_index(tmp_path)
    assert read is not None and read.features is not None and made.features is not None
    assert read.features.dtype == torch.float16 and torch.equal(read.features, made.features)
    assert torch.equal(read.thumbnails, made.thumbnails)
    assert (read.encoder, read.rows, read.patients) == ("abc", made.rows, made.patients)
    assert read.rows == tuple(hash_patient(group) for group in GROUPS)
    assert read.seen(["a", "stranger", "patient 1"]) == ["a", "patient 1"]


def test_ones_own_patient_can_be_left_out() -> None:
    index = small_index()
    assert index.of_others(["b", "stranger"]).tolist() == [False, True, False]
    assert index.of_others([]).all()


def test_an_index_of_before_features_is_still_read(tmp_path: Path) -> None:
    small_index(features=False).save(tmp_path)
    table = tmp_path / "training_index" / "patients.json"
    older = {name: value for name, value in json.loads(table.read_text()).items() if name != "rows"}
    table.write_text(json.dumps(older))
    read = read_index(tmp_path)
    assert read is not None and read.features is None and read.encoder == "" and read.rows == ()
    assert read.saw_patient("a")
    with pytest.raises(CheckpointError, match="does not say whose its thumbnails are"):
        read.of_others(["a"])


def test_an_index_without_features_leaves_none_of_a_former_one(tmp_path: Path) -> None:
    small_index().save(tmp_path)
    small_index(features=False).save(tmp_path)
    read = read_index(tmp_path)
    assert read is not None and read.features is None


def test_features_that_are_damaged_or_of_other_images_are_refused(tmp_path: Path) -> None:
    small_index().save(tmp_path)
    file = tmp_path / "training_index" / "features.safetensors"
    whole = file.read_bytes()
    file.write_bytes(whole[:-8])
    with pytest.raises(CheckpointError, match="is damaged"):
        read_index(tmp_path)
    file.write_bytes(whole)
    index = small_index()
    TrainingIndex(index.patients, index.thumbnails[:2], index.features, "abc", index.rows[:2]).save(tmp_path)
    with pytest.raises(CheckpointError, match="3 rows for 2 thumbnails"):
        read_index(tmp_path)
