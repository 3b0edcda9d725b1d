"""A corpus that was published to a loopback Hub is what load_dataset gives back, revision by revision."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medsynth_aug.errors import PublishError
from medsynth_huggingface import Corpus
from tests.huggingface import tasks
from tests.huggingface.client import Client
from tests.huggingface.hub.repository import Repository, sha256
from tests.huggingface.hub.state import Hub

CONFIGS = ("images", "masks", "boxes")


def rows_of(splits: dict[str, list[dict]]) -> list[dict]:
    return [row for rows in splits.values() for row in rows]


@pytest.mark.parametrize("config", [None, *CONFIGS])
def test_every_image_comes_back_byte_for_byte(
    hub: Hub, client: Client, corpus: Corpus, config: str | None
) -> None:
    name = f"lab/back-{config}"
    report = client(tasks.push, corpus, name)
    assert (report.tag, report.images, report.changed, report.repaired) == ("v1", 8, True, False)
    rows = rows_of(client(tasks.load, name, *([config] if config else [])))
    assert {row["image_id"] for row in rows} == set(corpus.digests)
    for row in rows:
        stored = corpus.samples.get(row["image_id"])
        assert row["image"].dtype == np.uint8
        assert row["image"].tobytes() == stored.image.numpy().tobytes()


def test_masks_and_boxes_come_back_as_they_were_painted(hub: Hub, client: Client, corpus: Corpus) -> None:
    client(tasks.push, corpus, "lab/truth")
    names = client(tasks.features, "lab/truth", "masks")["label"].names
    assert names == ["normal", "effusion", "nodule"]
    owners = {image.sample: image for _, image in corpus}
    for row in rows_of(client(tasks.load, "lab/truth", "masks")):
        truths = [corpus.samples.get(one.sample) for one in owners[row["image_id"]].findings]
        assert [names[one] for one in row["categories"]] == [one.lesion for one in truths]
        assert all(
            (mask > 0).tobytes() == t.mask[0].numpy().tobytes() for mask, t in zip(row["masks"], truths)
        )
    found = 0
    for row in rows_of(client(tasks.load, "lab/truth", "boxes")):
        truths = [corpus.samples.get(one.sample) for one in owners[row["image_id"]].findings]
        boxes = [[x, y, x + width, y + height] for x, y, width, height in row["objects"]["bbox"]]
        assert boxes == [list(map(float, one.box)) for one in truths]
        found += len(boxes)
    assert found == sum(len(image.findings) for _, image in corpus) > len(corpus.patients) // 2


def test_a_patient_is_in_one_split_and_stays_there(hub: Hub, client: Client, corpus: Corpus) -> None:
    client(tasks.push, corpus, "lab/splits")
    first = {
        row["patient_id"]: split for split, rows in client(tasks.load, "lab/splits").items() for row in rows
    }
    assert len(first) == len(corpus.patients) and len(set(first.values())) > 1
    fewer = corpus.only(corpus.digests[2:])
    client(tasks.push, fewer, "lab/splits-fewer")
    again = client(tasks.load, "lab/splits-fewer")
    assert all(first[row["patient_id"]] == split for split, rows in again.items() for row in rows)


def test_it_streams_and_loads_as_torch_and_by_tag(hub: Hub, client: Client, corpus: Corpus) -> None:
    client(tasks.push, corpus, "lab/ways")
    whole = {row["image_id"]: row["image"].tobytes() for row in rows_of(client(tasks.load, "lab/ways"))}
    for given in ({"streaming": True}, {"revision": "v1"}):
        rows = rows_of(client(tasks.load, "lab/ways", **given))
        assert {row["image_id"]: row["image"].tobytes() for row in rows} == whole
    tensors = client(tasks.torch_rows, "lab/ways")
    assert tensors and {image.tobytes() for image, _ in tensors} <= set(whole.values())


def test_it_exports_as_an_image_folder(hub: Hub, client: Client, corpus: Corpus, tmp_path: Path) -> None:
    client(tasks.push, corpus, "lab/folder")
    exported = rows_of(client(tasks.as_image_folder, "lab/folder", tmp_path))
    stored = {corpus.samples.get(one).image.numpy().tobytes() for one in corpus.digests}
    assert {row["image"].tobytes() for row in exported} == stored
    assert {row["patient_id"] for row in exported} == {patient.id for patient in corpus.patients}


def test_it_feeds_a_monai_chain(hub: Hub, client: Client, corpus: Corpus) -> None:
    client(tasks.push, corpus, "lab/monai")
    batches = client(tasks.monai_batches, "lab/monai")
    assert batches
    for image, mask, label in batches:
        assert image.shape == mask.shape == (1, 1, 96, 100)
        assert 0 <= image.min() < image.max() <= 1 and mask.any() and label[0] > 0


def test_it_trains_a_transformers_classifier(hub: Hub, client: Client, corpus: Corpus, root: Path) -> None:
    client(tasks.push, corpus, "lab/trained")
    said = client(tasks.train_example, root / "examples" / "huggingface_training.py", "lab/trained")
    assert "classes ['normal', 'effusion', 'nodule']" in said
    assert "loss " in said and "images of other patients right" in said


def test_publishing_the_same_again_sends_nothing(hub: Hub, client: Client, corpus: Corpus) -> None:
    first = client(tasks.push, corpus, "lab/same")
    puts, commits = hub.count("PUT"), len(hub.repository("lab/same").commits)
    again = client(tasks.push, corpus, "lab/same")
    assert (again.changed, again.tag, again.commit) == (False, "v1", first.commit)
    assert (hub.count("PUT"), len(hub.repository("lab/same").commits)) == (puts, commits)


def test_publishing_the_same_on_another_day_sends_nothing(hub: Hub, client: Client, few: Corpus) -> None:
    def a_day_before(files: dict[str, bytes]) -> None:
        told, held = json.loads(files["croissant.json"]), json.loads(files["manifest.json"])
        files["croissant.json"] = json.dumps({**told, "datePublished": "2026-01-01"}).encode()
        held["files"]["croissant.json"] = sha256(files["croissant.json"])
        files["manifest.json"] = json.dumps(held).encode()
        hub.on_commit = None

    hub.on_commit = a_day_before
    client(tasks.push, few, "lab/day")
    assert not client(tasks.push, few, "lab/day").changed


def test_a_withdrawn_image_is_gone_from_the_next_revision(hub: Hub, client: Client, corpus: Corpus) -> None:
    client(tasks.push, corpus, "lab/withdrawn", max_shard_size="1KB")
    gone = corpus.digests[1]
    told = {"note": "approval revoked", "withdraw": True}
    report = client(tasks.push, corpus, "lab/withdrawn", {gone: "approval was revoked"}, **told)
    assert report.withdrawn == (gone,) and report.left_out == ((gone, "approval was revoked"),)
    assert report.tag == "v2"
    for config in CONFIGS:
        rows = rows_of(client(tasks.load, "lab/withdrawn", config))
        assert {row["image_id"] for row in rows} == set(corpus.digests) - {gone}
    before = rows_of(client(tasks.load, "lab/withdrawn", revision="v1"))
    assert gone in {row["image_id"] for row in before}
    files = hub.repository("lab/withdrawn").files()
    assert not any(gone.encode() in content for name, content in files.items() if name.endswith(".parquet"))
    assert f"v2 ({_date(files)}): 1 withdrawn ({gone[:12]}); approval revoked" in files["README.md"].decode()
    assert "v1 (" in files["README.md"].decode()


def test_a_split_that_lost_its_patients_is_gone_with_its_files(
    hub: Hub, client: Client, corpus: Corpus
) -> None:
    client(tasks.push, corpus, "lab/lost-split")
    splits = client(tasks.load, "lab/lost-split")
    smallest = min(splits, key=lambda split: len(splits[split]))
    gone = {row["image_id"]: "revoked" for row in splits[smallest]}
    client(tasks.push, corpus, "lab/lost-split", gone, withdraw=True)
    assert set(client(tasks.load, "lab/lost-split")) == set(splits) - {smallest}
    assert not [one for one in hub.repository("lab/lost-split").files() if smallest in one]


def test_classes_keep_their_numbers_when_lesions_come_and_go(
    hub: Hub, client: Client, corpus: Corpus
) -> None:
    nodules = [image.sample for _, image in corpus if image.label in ("normal", "nodule")]
    client(tasks.push, corpus.only(nodules), "lab/classes")
    client(tasks.push, corpus, "lab/classes")
    assert client(tasks.features, "lab/classes", "images")["label"].names == ["normal", "nodule", "effusion"]


def test_a_pull_request_leaves_the_main_branch_alone(hub: Hub, client: Client, corpus: Corpus) -> None:
    client(tasks.push, corpus.only(corpus.digests[:3]), "lab/request")
    held = hub.repository("lab/request")
    before = dict(held.files())
    report = client(tasks.push, corpus, "lab/request", create_pr=True)
    assert report.pull_request.endswith("/discussions/1") and report.tag == ""
    assert held.files() == before and set(held.tags) == {"v1"}
    rows = rows_of(client(tasks.load, "lab/request", revision="refs/pr/1"))
    assert {row["image_id"] for row in rows} == set(corpus.digests)


def test_a_card_that_lost_its_default_configuration_is_repaired(
    hub: Hub, client: Client, corpus: Corpus
) -> None:
    def lose(files: dict[str, bytes]) -> None:
        files["README.md"] = files["README.md"].replace(b"  default: true\n", b"")
        hub.on_commit = None

    hub.on_commit = lose
    report = client(tasks.push, corpus, "lab/repaired")
    held = hub.repository("lab/repaired")
    assert report.repaired
    assert b"default: true" in held.files()["README.md"]
    assert held.tags["v1"] == held.branches["main"] == report.commit
    assert rows_of(client(tasks.load, "lab/repaired"))


def test_the_manifest_has_the_checksum_of_every_image_and_file(
    hub: Hub, client: Client, corpus: Corpus
) -> None:
    client(tasks.push, replace(corpus, notice="Made for a test."), "lab/manifest")
    files = hub.repository("lab/manifest").files()
    manifest = json.loads(files["manifest.json"])
    not_listed = {".gitattributes", "README.md", "manifest.json"}
    assert manifest["files"] == {one: sha256(held) for one, held in files.items() if one not in not_listed}
    assert {"NOTICE.md", "croissant.json"} < manifest["files"].keys()
    rows = rows_of(client(tasks.load, "lab/manifest"))
    assert manifest["images"] == {row["image_id"]: row["pixels_sha256"] for row in rows}


def test_a_repository_is_private_unless_it_is_said_to_be_public(
    hub: Hub, client: Client, corpus: Corpus
) -> None:
    client(tasks.push, corpus, "lab/hidden")
    client(tasks.push, corpus, "lab/open", private=False)
    assert hub.repository("lab/hidden").private and not hub.repository("lab/open").private
    with pytest.raises(PublishError, match="lab/open is public, and private=True was asked for"):
        client(tasks.push, corpus.only(corpus.digests[:4]), "lab/open")
    assert set(hub.repository("lab/open").tags) == {"v1"}
    with pytest.raises(PublishError, match=r"lab/hidden is private, .*make it public .*without --public"):
        client(tasks.push, corpus.only(corpus.digests[:4]), "lab/hidden", private=False)
    assert hub.repository("lab/hidden").private and set(hub.repository("lab/hidden").tags) == {"v1"}


def test_the_starter_is_not_said_to_be_public_where_it_is_not(hub: Hub, client: Client) -> None:
    hub.repositories["model", "lab/weights"] = Repository(private=True)
    held = hub.repository("lab/weights", "model")
    held.branches["main"] = held.commit({})
    with pytest.raises(PublishError, match="lab/weights is private, and private=False was asked for"):
        client(tasks.push_starter, "lab/weights", private=False)
    assert not held.files()


def _date(files: dict[str, bytes]) -> str:
    return json.loads(files["manifest.json"])["changes"][-1]["date"]
