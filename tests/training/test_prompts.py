"""A crop's prompt names what the crop shows, and nothing more; patients never stand on both sides."""

import numpy as np
import pytest
import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.errors import LabelError, UnreadableFileError
from medsynth_aug.training.starter.crops import Window
from medsynth_aug.training.starter.draws import DenoiserData
from medsynth_aug.training.starter.loop import LoopSettings
from medsynth_aug.training.starter.lung_fields import train_lung_fields
from medsynth_aug.training.starter.prompts import describe, findings_in, prompt_of
from medsynth_aug.training.starter.radiographs import Radiograph, hold_out, read_radiographs

LUNGS = schematic_lungs((100, 100)).numpy()
WHOLE = Window(0, 0, 100)
NODULE_BOX = ("Nodule", 20.0, 40.0, 10.0, 10.0)


def radiograph(labels: str, *boxes: tuple, **row: str) -> Radiograph:
    return Radiograph(np.zeros((100, 100), np.uint8), {"labels": labels, "patient_id": "p", **row}, boxes)


@pytest.mark.parametrize(
    ("window", "named"),
    [
        (Window(35, 15, 25), ["Nodule"]),
        (Window(40, 20, 6), []),
        (Window(40, 20, 9), ["Nodule"]),
        (Window(50, 60, 30), []),
    ],
    ids=["holds the box", "holds a third of it", "holds most of it", "elsewhere"],
)
def test_a_crop_names_a_finding_if_its_box_lies_in_it(window: Window, named: list[str]) -> None:
    assert list(findings_in(radiograph("Nodule|Effusion", NODULE_BOX), window, LUNGS)) == named


def test_a_crop_that_covers_both_lungs_names_every_finding() -> None:
    one = radiograph("Nodule|Effusion", NODULE_BOX)
    assert list(findings_in(one, WHOLE, LUNGS)) == ["Nodule", "Effusion"]
    assert list(findings_in(one, Window(10, 10, 85), LUNGS)) == ["Nodule", "Effusion"]


def test_a_crop_of_one_lung_names_no_unboxed_finding() -> None:
    prompt = prompt_of(radiograph("Effusion"), Window(10, 10, 45), LUNGS)
    assert "effusion" not in prompt
    assert "no finding" not in prompt
    assert "region" in prompt


def test_without_lung_fields_a_crop_names_only_boxes() -> None:
    assert not findings_in(radiograph("Effusion"), WHOLE, np.zeros_like(LUNGS))


def test_any_crop_of_a_healthy_image_is_healthy() -> None:
    assert prompt_of(radiograph("No Finding"), Window(50, 60, 20), LUNGS).endswith("region, no finding")


def test_a_whole_image_says_so_and_a_more_exact_label_speaks_for_pneumonia() -> None:
    assert prompt_of(radiograph("Pneumonia|Viral", view="AP", sex="M", age="71"), WHOLE, LUNGS) == (
        "chest radiograph, AP view, elderly, male, whole, viral pneumonia, interstitial opacity"
    )
    assert "pneumonia, opacity" in prompt_of(radiograph("Pneumonia"), WHOLE, LUNGS)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"age": "7"}, "chest radiograph, child"),
        ({"source": "Paediatric pneumonia", "age": ""}, "chest radiograph, child"),
        ({"age": "39", "sex": "F"}, "chest radiograph, adult, female"),
        ({"age": "64"}, "chest radiograph, middle aged"),
        ({"sex": "unknown"}, "chest radiograph, adult"),
    ],
)
def test_a_description_leaves_out_what_the_row_does_not_say(row: dict[str, str], words: str) -> None:
    assert describe(row) == words


def test_held_out_patients_are_never_trained_on() -> None:
    images = [radiograph("Nodule", group_id=f"g{number % 30}") for number in range(90)]
    train, held = hold_out(images)
    assert len(train) + len(held) == 90
    assert held
    assert not {one.group for one in train} & {one.group for one in held}


def test_the_split_column_decides_where_it_says_val() -> None:
    images = [radiograph("Nodule", group_id=str(n), split="val" if n == 3 else "train") for n in range(5)]
    assert [one.group for one in hold_out(images)[1]] == ["3"]


def test_a_single_patient_is_trained_on() -> None:
    train, held = hold_out([radiograph("Nodule"), radiograph("Nodule")])
    assert len(train) == 2
    assert not held


def test_nobody_left_to_train_on_is_an_error() -> None:
    with pytest.raises(LabelError, match="every patient has an image of split 'val'"):
        hold_out([radiograph("Nodule", split="val")])


def test_a_segmenter_without_masks_is_an_error(tmp_path) -> None:
    with pytest.raises(LabelError, match="no training image has a lung mask"):
        train_lung_fields(
            [radiograph("Nodule")], [], tmp_path, LoopSettings(budget_minutes=1),
            device=torch.device("cpu"), batch_size=2, seed=0,
        )  # fmt: skip


def test_a_draw_smaller_than_a_batch_is_an_error() -> None:
    with pytest.raises(ValueError, match="scenes_per_draw is 4, less than batch_size 16"):
        DenoiserData(scenes_per_draw=4)


def test_a_folder_without_its_table_or_a_column_says_what_is_missing(tmp_path) -> None:
    with pytest.raises(UnreadableFileError, match=r"labels\.csv does not exist"):
        read_radiographs(tmp_path)
    (tmp_path / "labels.csv").write_text("file,labels\na.jpg,Nodule\n")
    with pytest.raises(LabelError, match="has no column patient_id"):
        read_radiographs(tmp_path)
    (tmp_path / "labels.csv").write_text("file,labels,patient_id\na.jpg,Nodule,p\n")
    with pytest.raises(UnreadableFileError, match=r"a\.jpg is missing, truncated or not an image"):
        read_radiographs(tmp_path)
