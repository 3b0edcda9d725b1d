"""The exported training set: real split and approved samples, read back equal, whole or not at all."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from monai.data import load_decathlon_datalist
from PIL import Image

from medsynth_aug.bank import SampleBank, SourceStore, generate
from medsynth_aug.data import CsvDataset, FolderDataset, HuggingFaceDataset, RebalancedDataset
from medsynth_aug.errors import ImageError, SettingError
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.review import Reviewer, ReviewStore
from medsynth_aug.review.export import export_training_set
from medsynth_aug.synthesis import FakeSynthesizer
from tests.bank.material import sample, whole_request
from tests.cli.test_plan_command import run
from tests.data.small import Items, pictures, single_label

LESIONS = {3: "nodule"}
FAKE = FakeSynthesizer()


@pytest.fixture
def anna(store: ReviewStore) -> Reviewer:
    return store.enrol("Anna")


def fill(bank: SampleBank, source: Any = None, **arguments: Any) -> list[str]:
    given: Any = {"lesions": LESIONS, "background": [0], "progress": False, **arguments}
    data = RebalancedDataset(single_label() if source is None else source, FAKE, bank=bank, **given)
    return [one.request.digest for one in data.plan.samples]


def export(store: ReviewStore, target: Path, source: Any = None, **arguments: Any) -> Any:
    source = single_label() if source is None else source
    given: Any = {"lesions": LESIONS, "progress": False, **arguments}
    return export_training_set(source, store.bank, target, **given)


def test_a_folder_reads_back_as_the_split_and_its_approved_samples(
    store: ReviewStore, anna: Reviewer, tmp_path: Path
) -> None:
    digests = fill(store.bank)
    store.record(digests[0], anna, "approve")
    store.record(digests[2], anna, "approve")
    store.record(digests[1], anna, "reject", reasons=["duplicate"])
    report = export(store, tmp_path / "train")
    assert (report.real, report.synthetic, report.left_out) == (16, 2, {})
    data, source = CsvDataset(tmp_path / "train/labels.csv", split="train", progress=False), single_label()
    assert data.targets == [*source.targets, 3, 3]  # type: ignore[attr-defined]
    assert data.groups is not None and data.groups[:16] == source.groups  # type: ignore[attr-defined]
    for index in range(16):
        assert np.array_equal(data[index]["image"][0].numpy(), source.items[index][0])
    for index, digest in enumerate(sorted((digests[0], digests[2])), 16):
        made = store.bank.get(digest)
        assert torch.equal(data[index]["image"], made.image)
        with Image.open(tmp_path / "train/masks" / f"{digest}.png") as mask:
            assert np.array_equal(np.asarray(mask) > 0, made.mask[0].numpy())
        plan_index = next(i for i, (image, _) in enumerate(source.items) if agrees(image, made))
        assert data.groups[index] == source.groups[plan_index]  # type: ignore[attr-defined]
    folder = FolderDataset(tmp_path / "train/images")
    assert folder.classes == ["0", "3"] and len(folder) == 18
    entries = load_decathlon_datalist(str(tmp_path / "train/datalist.json"), data_list_key="training")
    assert [entry["label"] for entry in entries] == data.targets
    assert [Path(entry["image"]).is_file() for entry in entries] == [True] * 18
    assert sum("mask" in entry for entry in entries) == 2
    notice = (tmp_path / "train/NOTICE.txt").read_text()
    assert "16 real images of a training split and 2 approved synthetic ones" in notice
    marks = [line.split(",") for line in (tmp_path / "train/labels.csv").read_text().splitlines()]
    column = marks[0].index("derived_from_real")
    assert {line[column] for line in marks[1:]} == {"true"}


def agrees(image: np.ndarray, made: Any) -> bool:
    outside = ~made.edit_region[0].numpy()
    return bool((image[outside] == made.image[0].numpy()[outside]).all())


def test_a_hugging_face_data_set_reads_back_with_images_inside(
    store: ReviewStore, anna: Reviewer, tmp_path: Path
) -> None:
    datasets = pytest.importorskip("datasets")
    digests = fill(store.bank)
    store.record(digests[0], anna, "approve")
    export(store, tmp_path / "train", form="huggingface")
    loaded = datasets.load_from_disk(str(tmp_path / "train"))["train"]
    data = HuggingFaceDataset(loaded)
    assert data.targets == [*single_label().targets, 3]  # type: ignore[attr-defined]
    assert torch.equal(data[16]["image"], store.bank.get(digests[0]).image)
    assert loaded[16]["synthetic"] and loaded[16]["box"] == list(store.bank.get(digests[0]).box or ())
    assert not loaded[0]["synthetic"] and loaded[0]["mask"] is None and loaded[0]["box"] == []
    stored = b"".join(file.read_bytes() for file in (tmp_path / "train").rglob("*") if file.is_file())
    assert str(tmp_path).encode() not in stored
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_multi_label_rows_keep_what_is_known_and_clear_what_excludes(
    store: ReviewStore, anna: Reviewer, tmp_path: Path
) -> None:
    rows = [[1.0, 0.0, float("nan")], [0.0, 1.0, -1.0], [1.0, 0.0, 0.0]]
    items = [(image, torch.tensor(row)) for image, row in zip(pictures(3), rows)]
    source = Items(items, targets=rows, groups=["a", "b", "c"], class_to_idx={"none": 0, "n": 1, "other": 2})
    given: Any = {"lesions": {"n": "nodule"}, "exclusive": ["none"]}
    digests = fill(store.bank, source, background=None, sampling_strategy={"n": 2}, **given)
    store.record(digests[0], anna, "approve")
    export(store, tmp_path / "train", source, **given)
    columns = ["none", "n", "other"]
    data = CsvDataset(tmp_path / "train/labels.csv", label=columns, split="train", progress=False)
    assert np.array_equal(data.targets[:3], rows, equal_nan=True)
    background = source.items[data.groups[:3].index(data.groups[3])][1].numpy()  # type: ignore[index]
    assert np.array_equal(data.targets[3], [0.0, 1.0, background[2]], equal_nan=True)
    entries = json.loads((tmp_path / "train/datalist.json").read_text())["training"]
    assert entries[0]["label"] == [1.0, 0.0, -1.0]


def test_what_does_not_belong_to_the_split_is_left_out_and_said(
    store: ReviewStore, anna: Reviewer, tmp_path: Path
) -> None:
    elsewhere, whole = sample(1), whole_request(store.bank)
    store.bank.add(elsewhere)
    onto = {"source": f"sample:{whole.digest}", "lesion": resolve_lesion("nodule"), "canvas": None,
            "anatomy_digest": None, "slot": "patient/0/1"}  # fmt: skip
    painted = whole_request(store.bank, **onto)
    generate([whole], FAKE, store.bank, SourceStore(store.bank), progress=False)
    generate([painted], FAKE, store.bank, SourceStore(store.bank), progress=False)
    for digest in (elsewhere.digest, whole.digest, painted.digest):
        store.record(digest, anna, "approve")
    report = export(store, tmp_path / "train")
    assert report.synthetic == 1
    assert report.left_out == {
        elsewhere.digest: "it was painted into an image outside the training split",
        whole.digest: "it shows no lesion, and no class is named for healthy images",
    }
    data = CsvDataset(tmp_path / "train/labels.csv", split="train", check_images=False)
    assert data.groups is not None and data.groups[16] == f"virtual-{whole.digest[:12]}"
    last = (tmp_path / "train/labels.csv").read_text().splitlines()[-1].split(",")
    assert last[4:6] == ["true", "false"]


def test_it_never_overwrites_and_leaves_nothing_half_done(
    store: ReviewStore, anna: Reviewer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = fill(store.bank)
    store.record(digests[0], anna, "approve")
    (tmp_path / "there").mkdir()
    with pytest.raises(SettingError, match="an export never overwrites"):
        export(store, tmp_path / "there")
    with pytest.raises(SettingError, match='use "folder" or "huggingface"'):
        export(store, tmp_path / "train", form="zip")
    with pytest.raises(SettingError, match="nodule fills two classes"):
        export(store, tmp_path / "train", lesions={3: "nodule", 0: "nodule"})
    next((store.bank.path / "pixels").rglob(f"{digests[0]}*")).unlink()
    before = sorted(tmp_path.iterdir())
    with pytest.raises(Exception, match="missing"):
        export(store, tmp_path / "train")
    assert sorted(tmp_path.iterdir()) == before


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.float32])
def test_every_depth_is_kept(store: ReviewStore, anna: Reviewer, tmp_path: Path, dtype: Any) -> None:
    images = pictures(5, dtype=dtype)
    items = [(image, 3 * (index == 4)) for index, image in enumerate(images)]
    source, more = Items(items, groups=[str(i) for i in range(5)]), {"value_range": (0, 255)}
    (digest,) = fill(store.bank, source, **more)
    store.record(digest, anna, "approve")
    export(store, tmp_path / "train", source, **more)
    data = CsvDataset(tmp_path / "train/labels.csv", split="train", check_images=False)
    assert all(np.array_equal(data[index]["image"][0].numpy(), images[index]) for index in range(5))
    assert torch.equal(data[5]["image"], store.bank.get(digest).image)
    if dtype != np.uint16:
        with pytest.raises(ImageError, match="cannot stand in a Hugging Face data set"):
            export(store, tmp_path / "hub", source, form="huggingface", **more)
        assert not (tmp_path / "hub").exists()


def test_the_command_exports_a_reviewed_bank(
    store: ReviewStore, anna: Reviewer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digests = fill(store.bank)
    store.record(digests[0], anna, "approve")
    export(store, tmp_path / "first")
    again = (
        "corpus",
        "export",
        tmp_path / "first/labels.csv",
        tmp_path / "second",
        "--bank",
        store.bank.path,
    )
    assert run(*again, "--split", "train", "--lesion", "3=nodule") == 0
    assert "17 real images, 1 approved samples" in capsys.readouterr().out
    assert run(*again, "--split", "train", "--lesion", "3=nodule") == 2
    assert "never overwrites" in capsys.readouterr().err
    assert run("corpus") == 0
