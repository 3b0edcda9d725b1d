"""The radiographs that ship are real, licensed, imbalanced, and free of leaks between their splits."""

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from PIL import Image

SPLITS = ("train", "val", "test")
NIH, KERMANY = "NIH ChestX-ray14", "Kermany 2018 paediatric CXR"


@pytest.fixture(scope="module")
def folder(root: Path) -> Path:
    return root / "examples" / "data"


@pytest.fixture(scope="module")
def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "labels.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def classes(folder: Path) -> list[dict[str, str]]:
    with (folder / "classes.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_every_file_is_listed_once_and_reads_as_a_grey_radiograph(
    folder: Path, rows: list[dict[str, str]]
) -> None:
    assert len(rows) >= 40
    assert sorted(row["file"] for row in rows) == sorted(
        f"images/{p.name}" for p in (folder / "images").iterdir()
    )
    for row in rows:
        with Image.open(folder / row["file"]) as image:
            image.load()
            assert image.mode == "L"
            assert image.size == (int(row["width"]), int(row["height"]))
            assert max(image.size) <= 512


@pytest.mark.parametrize("kin", ["patient_id", "group_id"])
def test_no_patient_and_no_near_duplicate_stands_in_two_splits(rows: list[dict[str, str]], kin: str) -> None:
    splits = defaultdict(set)
    for row in rows:
        splits[row[kin]].add(row["split"])
    assert all(splits) and all(len(found) == 1 for found in splits.values())


def test_every_image_names_source_licence_and_changes(folder: Path, rows: list[dict[str, str]]) -> None:
    licences = {
        NIH: "NIH ChestX-ray14: unrestricted use, attribution and citation asked",
        KERMANY: "CC BY 4.0",
    }
    for row in rows:
        assert row["licence"] == licences[row["source"]]
        assert row["source_file"] and "grey, re-encoded as JPEG" in row["changes"]
        assert row["geometry"] == "aspect kept"
    notice = (folder / "NOTICE.md").read_text()
    for wanted in (
        "nihcc.app.box.com",
        "10.17632/rscbjbr9sj.2",
        "creativecommons.org/licenses/by/4.0",
        "resized",
    ):
        assert wanted in notice


def test_the_notice_counts_what_is_there(folder: Path, rows: list[dict[str, str]]) -> None:
    notice = (folder / "NOTICE.md").read_text()
    for source, name in ((NIH, "NIH Clinical Center"), (KERMANY, "Kermany paediatric chest X-ray images")):
        assert f"{name} | {sum(row['source'] == source for row in rows)} |" in notice
    counts = Counter((row["label"], row["split"]) for row in rows)
    for label in {row["label"] for row in rows}:
        assert f"| {label} | " + " | ".join(str(counts[label, split]) for split in SPLITS) + " |" in notice


def test_every_split_has_every_class_that_has_images_and_training_is_imbalanced(
    rows: list[dict[str, str]], classes: list[dict[str, str]]
) -> None:
    real = {row["name"]: int(row["real_images"]) for row in classes}
    assert Counter(row["label"] for row in rows) == {name: count for name, count in real.items() if count}
    for split in SPLITS:
        counts = Counter(row["label"] for row in rows if row["split"] == split)
        assert all(counts[name] for name, count in real.items() if count)
        assert counts["normal"] >= 3 * max(count for name, count in counts.items() if name != "normal")


def test_classes_are_numbered_in_order_and_only_fracture_has_no_real_case(
    classes: list[dict[str, str]],
) -> None:
    assert [row["label"] for row in classes] == [str(number) for number in range(len(classes))]
    assert [row["name"] for row in classes if row["real_images"] == "0"] == ["fracture"]
    assert [row["name"] for row in classes if not row["lesion"]] == ["normal"]


def test_the_set_stays_small(folder: Path) -> None:
    assert sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) < 6_000_000
