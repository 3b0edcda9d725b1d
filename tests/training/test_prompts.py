"""A crop's prompt names what the crop shows, and nothing more; patients never stand on both sides."""

import numpy as np
import pytest
import torch

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.errors import LabelError, UnreadableFileError
from medsynth_aug.training.starter.images.crops import Window
from medsynth_aug.training.starter.images.draws import DenoiserData
from medsynth_aug.training.starter.images.prompts import (
    attributes_of,
    findings_in,
    prompt_of,
    some_attributes,
)
from medsynth_aug.training.starter.images.radiographs import Radiograph, hold_out, read_radiographs
from medsynth_aug.training.starter.stages.loop import open_accelerator
from medsynth_aug.training.starter.stages.lung_fields import train_lung_fields
from medsynth_aug.training.starter.stages.state import LoopSettings

LUNGS = schematic_lungs((100, 100)).numpy()
WHOLE = Window(0, 0, 100)
NODULE_BOX = ("Nodule", 20.0, 40.0, 10.0, 10.0)


def radiograph(labels: str, *boxes: tuple, **row: str) -> Radiograph:
    return Radiograph(np.zeros((100, 100), np.uint8), {"labels": labels, "patient_id": "p", **row}, boxes)


NAMED = ["solitary pulmonary nodule", "right side"]


def prompt(one: Radiograph, window: Window, lungs: np.ndarray = LUNGS) -> str:
    return prompt_of(np.random.default_rng(0), one, window, lungs)


@pytest.mark.parametrize(
    ("window", "named"),
    [
        (Window(35, 15, 25), NAMED),
        (Window(40, 20, 6), []),
        (Window(40, 20, 9), NAMED),
        (Window(50, 60, 30), []),
    ],
    ids=["holds the box", "holds a third of it", "holds most of it", "elsewhere"],
)
def test_a_crop_names_a_finding_and_its_side_if_its_box_lies_in_it(window: Window, named: list[str]) -> None:
    assert list(findings_in(radiograph("Nodule|Effusion", NODULE_BOX), window, LUNGS)) == named


def test_a_box_in_the_left_lung_is_on_the_left_side() -> None:
    one = radiograph("Mass", ("Mass", 70.0, 40.0, 10.0, 10.0))
    assert list(findings_in(one, Window(35, 65, 25), LUNGS)) == ["pulmonary mass", "left side"]
    without_lungs = np.zeros_like(LUNGS)
    assert list(findings_in(one, Window(35, 65, 25), without_lungs)) == ["pulmonary mass"]


def test_a_crop_that_covers_both_lungs_names_every_finding() -> None:
    one, both = radiograph("Nodule|Effusion", NODULE_BOX), ["solitary pulmonary nodule", "pleural effusion"]
    assert list(findings_in(one, WHOLE, LUNGS)) == both
    assert list(findings_in(one, Window(10, 10, 85), LUNGS)) == both


def test_a_crop_of_one_lung_names_no_unboxed_finding() -> None:
    words = prompt(radiograph("Effusion"), Window(10, 10, 45))
    assert "effusion" not in words
    assert "no finding" not in words
    assert "region" in words


def test_without_anatomy_the_whole_image_names_its_findings_and_a_crop_only_boxes() -> None:
    nothing = np.zeros_like(LUNGS)
    assert findings_in(radiograph("Effusion"), WHOLE, nothing)
    assert not findings_in(radiograph("Effusion"), Window(10, 10, 85), nothing)


def test_any_crop_of_a_healthy_image_is_healthy() -> None:
    healthy = "frontal chest radiograph, no finding, region"
    assert prompt(radiograph("No Finding"), Window(50, 60, 20)) == healthy


def test_a_whole_image_says_so_and_a_more_exact_label_speaks_for_pneumonia() -> None:
    one = radiograph("Pneumonia|Viral")
    assert prompt(one, WHOLE) == (
        "frontal chest radiograph, viral pneumonia, bilateral interstitial opacities, whole"
    )
    assert "pneumonia, opacity" in prompt(radiograph("Pneumonia"), WHOLE)


def test_another_modality_begins_with_its_own_words() -> None:
    words = prompt_of(np.random.default_rng(0), radiograph("Cyst"), WHOLE, LUNGS, "breast ultrasound")
    assert words == "breast ultrasound, cyst, whole"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"age": "7", "view": "AP"}, ["AP view", "child"]),
        ({"source": "Paediatric pneumonia", "age": ""}, ["child", "paediatric"]),
        ({"age": "39", "sex": "F"}, ["adult", "female"]),
        ({"age": "64"}, ["middle aged"]),
        ({"age": "71", "sex": "M", "source": "NIH ChestX-ray14"}, ["elderly", "male", "nih"]),
        ({"sex": "unknown"}, []),
    ],
)
def test_attributes_leave_out_what_the_row_does_not_say(row: dict[str, str], words: list[str]) -> None:
    assert attributes_of(row) == words


def test_each_attribute_is_sometimes_left_out() -> None:
    row = {"view": "PA", "sex": "F"}
    drawn = {tuple(some_attributes(np.random.default_rng(seed), row)) for seed in range(40)}
    assert drawn == {(), ("PA view",), ("female",), ("PA view", "female")}


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
            accelerator=open_accelerator(torch.device("cpu")), batch_size=2, seed=0,
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
