"""The exported training set shows an image once: with all of its lesions, or healthy."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from medsynth_aug.bank import SourceStore, generate
from medsynth_aug.lesions import resolve_lesion
from medsynth_aug.review import Reviewer, ReviewStore
from medsynth_aug.review.export import ExportReport, export_training_set
from medsynth_aug.synthesis import FakeSynthesizer
from tests.bank.material import whole_request
from tests.cli.test_plan_command import run
from tests.data.small import Items, pictures

COLUMNS = {"normal": 0, "nodule": 1, "effusion": 2}
GIVEN: dict[str, Any] = {"lesions": {"nodule": "nodule", "effusion": "effusion"}, "progress": False}


@pytest.fixture
def anna(store: ReviewStore) -> Reviewer:
    return store.enrol("Anna")


@pytest.fixture
def chain(store: ReviewStore) -> list[str]:
    """A whole image, a nodule in it, and an effusion in that."""
    requests = [whole_request(store.bank)]
    for number, lesion in enumerate(("nodule", "effusion"), 1):
        onto = {"source": f"sample:{requests[-1].digest}", "lesion": resolve_lesion(lesion), "canvas": None,
                "anatomy_digest": None, "slot": f"patient/0/{number}", "seed": number}  # fmt: skip
        requests.append(whole_request(store.bank, **onto))
    for request in requests:
        generate([request], FakeSynthesizer(), store.bank, SourceStore(store.bank), progress=False)
    return [request.digest for request in requests]


def of_several_labels() -> Items:
    rows = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    items = [(image, torch.tensor(row)) for image, row in zip(pictures(3), rows)]
    return Items(items, targets=rows, groups=["a", "b", "c"], class_to_idx=COLUMNS)


def of_one_class() -> Items:
    items = list(zip(pictures(3), range(3)))
    return Items(items, groups=["a", "b", "c"], class_to_idx=COLUMNS)


def export(store: ReviewStore, target: Path, source: Items, **arguments: Any) -> ExportReport:
    return export_training_set(source, store.bank, target, **(GIVEN | arguments))


def table(folder: Path, name: str = "labels.csv") -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def test_an_image_with_two_lesions_bears_both_labels_and_both_masks(
    store: ReviewStore, anna: Reviewer, chain: list[str], tmp_path: Path
) -> None:
    for digest in chain:
        store.record(digest, anna, "approve")
    report = export(store, tmp_path / "train", of_several_labels(), exclusive=["normal"], healthy=None)
    reasons = {
        chain[0]: "it shows no lesion, and no class is named for healthy images",
        chain[1]: "a further lesion was painted into it, and that image is in the set",
    }
    assert (report.synthetic, report.left_out) == (1, reasons)
    row = table(tmp_path / "train")[-1]
    assert row["digest"] == chain[2] and row["lesion"] == "nodule + effusion"
    assert [row[name] for name in COLUMNS] == ["0", "1", "1"]
    own = [store.bank.get(digest).mask[0].numpy() for digest in chain[1:]]
    findings = table(tmp_path / "train", "findings.csv")
    assert [one["lesion"] for one in findings] == ["nodule", "effusion"]
    assert [one["digest"] for one in findings] == chain[1:]
    masks = [np.asarray(Image.open(tmp_path / "train" / one["mask"])) > 0 for one in (*findings, row)]
    for found, expected in zip(masks, (*own, own[0] | own[1])):
        assert np.array_equal(found, expected)
    boxes = [[int(one[side]) for side in ("x0", "y0", "x1", "y1")] for one in findings]
    entry = json.loads((tmp_path / "train/datalist.json").read_text())["training"][-1]
    assert [one["box"] for one in entry["findings"]] == boxes
    assert boxes == [list(store.bank.get(digest).box or ()) for digest in chain[1:]]


def test_a_hugging_face_data_set_holds_every_lesion(
    store: ReviewStore, anna: Reviewer, chain: list[str], tmp_path: Path
) -> None:
    datasets = pytest.importorskip("datasets")
    store.record(chain[2], anna, "approve")
    export(store, tmp_path / "train", of_several_labels(), form="huggingface")
    row = datasets.load_from_disk(str(tmp_path / "train"))["train"][-1]
    assert [one["lesion"] for one in row["findings"]] == ["nodule", "effusion"]
    for one, digest in zip(row["findings"], chain[1:]):
        assert np.array_equal(np.asarray(one["mask"]) > 0, store.bank.get(digest).mask[0].numpy())


def test_where_an_image_has_one_class_the_last_one_that_shows_one_goes_in(
    store: ReviewStore, anna: Reviewer, chain: list[str], tmp_path: Path
) -> None:
    for digest in chain:
        store.record(digest, anna, "approve")
    report = export(store, tmp_path / "train", of_one_class(), healthy="normal")
    assert [row["label"] for row in table(tmp_path / "train")[3:]] == ["nodule"]
    assert report.left_out[chain[2]] == "it shows effusion and nodule, and an image has one class here"
    assert report.left_out[chain[0]].startswith("a further lesion was painted into it")


@pytest.mark.parametrize("source", [of_several_labels, of_one_class])
def test_an_approved_image_without_a_lesion_is_healthy(
    store: ReviewStore, anna: Reviewer, chain: list[str], tmp_path: Path, source: Any
) -> None:
    store.record(chain[0], anna, "approve")
    store.record(chain[1], anna, "reject", reasons=["wrong_location"])
    store.record(chain[2], anna, "approve")
    report = export(store, tmp_path / "train", source(), lesions={"effusion": "effusion"}, healthy="normal")
    row = table(tmp_path / "train")[-1]
    assert row["digest"] == chain[0] and row["lesion"] == row["mask"] == row["x0"] == ""
    assert row.get("label", "normal") == "normal" and row.get("normal", "1") == "1"
    assert report.left_out == {chain[2]: "no class is named for nodule"}
    both = export(store, tmp_path / "both", source(), healthy="normal")
    assert both.synthetic == 1 and set(both.left_out) == {chain[2]}


def test_an_image_painted_into_a_rejected_one_is_left_out(
    store: ReviewStore, anna: Reviewer, chain: list[str], tmp_path: Path
) -> None:
    store.record(chain[1], anna, "reject", reasons=["wrong_location"])
    store.record(chain[2], anna, "approve")
    report = export(store, tmp_path / "train", of_several_labels())
    assert report.left_out == {chain[2]: "what it was painted into was rejected"}


def test_the_command_names_the_class_of_healthy_images(
    store: ReviewStore, anna: Reviewer, chain: list[str], tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    store.record(chain[0], anna, "approve")
    export(store, tmp_path / "first", of_one_class())
    again = ["corpus", "export", tmp_path / "first/labels.csv", tmp_path / "second", "--split", "train"]
    again += ["--bank", store.bank.path, "--lesion", "nodule=nodule", "--lesion", "normal=none"]
    assert run(*again) == 0
    assert [row["label"] for row in table(tmp_path / "second")][-1] == "normal"
    assert run(*again, "--lesion", "effusion=none") == 2
    assert "says none for normal and effusion" in capsys.readouterr().err
