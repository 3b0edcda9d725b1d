"""A study is drawn fairly, rendered alike, and gives nothing away but pixels."""

import io
import json
import os
import stat
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from medsynth_aug.errors import SettingError, StudyError
from medsynth_aug.evaluation import ImageSet
from medsynth_aug.review.study import Study, StudySettings, audit_files, create_study
from medsynth_aug.review.study.leaks import sizes_differ
from medsynth_aug.review.study.ordering import draw_blocks, draw_order, draw_repeats, gap_of
from medsynth_aug.review.study.rendering import encode, is_shown_whole, render
from medsynth_aug.types import ValueRange
from tests.review.study.material import CLASSES, arm, image, study


def test_both_arms_hold_each_class_equally_often_and_no_patient_twice(tmp_path: Path) -> None:
    key = study(tmp_path / "study").key()
    cases = {one.case: one for one in key.items.values()}.values()
    counts = {(arm, label): 0 for arm in ("real", "synthetic") for label in CLASSES}
    for one in cases:
        counts[one.arm, one.label] += 1
    assert set(counts.values()) == {6}
    assert len({one.digest for one in cases}) == 24
    assert len(key.items) == 28


def test_an_image_painted_into_a_films_patient_keeps_that_patient_out(tmp_path: Path) -> None:
    real = arm(8, origin="real")
    painted = [
        replace(one, digest=f"sample:{number}", origin="painted", patient=f"real {number}")
        for number, one in enumerate(arm(8, origin="painted", first=50))
    ]
    settings = StudySettings(images_per_arm=4, repeats_per_arm=0, seed=1)
    made = create_study(
        tmp_path / "a", real, ImageSet("painted", tuple(painted)), readers=["a"], settings=settings
    )
    shown = [one.digest for one in made.key().items.values()]
    patients = [int(one.rpartition(":")[2], 16) if one.startswith("real") else int(one[7:]) for one in shown]
    assert sorted(patients) == list(range(8))
    with pytest.raises(SettingError, match="no patient may be in both arms"):
        create_study(
            tmp_path / "b", real, ImageSet("painted", tuple(painted)), readers=["a"],
            settings=replace(settings, images_per_arm=5),
        )  # fmt: skip


def test_two_visits_of_a_virtual_patient_are_never_shown_both(tmp_path: Path) -> None:
    visits = [
        replace(one, patient=f"virtual {number // 4} {one.label}")
        for number, one in enumerate(arm(16, origin="virtual", first=50))
    ]
    virtual, settings = ImageSet("virtual", tuple(visits)), StudySettings(images_per_arm=8, repeats_per_arm=0)
    made = create_study(tmp_path / "a", arm(16, origin="real"), virtual, readers=["a"], settings=settings)
    patient_of = {one.digest: one.patient for one in visits}
    shown = [patient_of[one.digest] for one in made.key().items.values() if one.arm == "synthetic"]
    assert sorted(shown) == sorted(set(patient_of.values()))
    with pytest.raises(SettingError, match="9 images of each arm are wanted, and 8 have a match"):
        create_study(
            tmp_path / "b", arm(16, origin="real"), virtual, readers=["a"],
            settings=replace(settings, images_per_arm=9),
        )  # fmt: skip


def test_too_few_images_are_counted_by_class(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=r"5 images of each arm are wanted, and 4 .*nodule: 2, normal: 2"):
        create_study(
            tmp_path / "s", arm(4, origin="real"), arm(9, origin="virtual"), readers=["a"],
            settings=StudySettings(images_per_arm=5, repeats_per_arm=0),
        )  # fmt: skip
    assert not list(tmp_path.iterdir())


def test_shams_are_left_out(tmp_path: Path) -> None:
    shams = arm(9, origin="sham")
    with pytest.raises(SettingError, match="no class is in both arms"):
        create_study(tmp_path / "s", arm(9, origin="real"), shams, readers=["a"])


def test_a_bright_deep_large_image_becomes_what_a_dark_shallow_small_one_becomes() -> None:
    small = image(3)
    wide = small.pixels.to(torch.int32) * 12 + 700
    deep = replace(small, pixels=wide.to(torch.int16), value_range=ValueRange(0, 4095))
    shown = [render(one, side=20, trim=0.04).astype(int) for one in (small, deep)]
    assert np.abs(shown[0] - shown[1]).max() <= 1
    assert shown[0].min() == 0 and shown[0].max() == 255


def test_an_image_that_the_square_would_cut_too_much_is_not_shown() -> None:
    long = image(1, side=40)
    assert is_shown_whole(long, 0.0)
    assert not is_shown_whole(replace(long, pixels=long.pixels[:, :28]), 0.0)
    for column, whole in ((20, True), (42, False)):
        mask = np.zeros(long.shape, bool)
        mask[10:12, column - 3 : column] = True
        assert is_shown_whole(replace(long, mask=mask), 0.0) is whole


def test_no_image_is_enlarged(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="allows 22, as no image may be enlarged"):
        study(tmp_path / "s", size_px=30)
    assert study(tmp_path / "t").design.side_px == 22


def test_every_file_has_one_length_and_no_word_beside_its_pixels() -> None:
    rng = np.random.default_rng(0)
    flat, noise = np.zeros((33, 33), np.uint8), rng.integers(0, 256, (33, 33)).astype(np.uint8)
    files = [encode(flat), encode(noise)]
    assert len(files[0]) == len(files[1])
    for data, pixels in zip(files, (flat, noise)):
        opened = Image.open(io.BytesIO(data))
        assert (opened.mode, opened.info) == ("L", {})
        assert (np.asarray(opened) == pixels).all()


def test_the_part_for_readers_says_nothing_of_arms_and_the_key_is_for_its_owner(tmp_path: Path) -> None:
    made = study(tmp_path / "study", seed=987_654_321_987)
    assert stat.S_IMODE((tmp_path / "study/key.json").stat().st_mode) == 0o600
    text = (made.folder / "design.json").read_text()
    key = made.key()
    told = {"synthetic", "virtual", *(one.digest for one in key.items.values()), str(key.seed), key.salt}
    assert not [one for one in told if one in text.replace("medsynth-reader-study", "")]
    assert {one.stat().st_mtime for one in made.folder.rglob("*.png")} == {946_684_800.0}


def test_files_alone_do_not_tell_the_arms_apart_and_a_planted_leak_is_found(tmp_path: Path) -> None:
    made = study(tmp_path / "study", per_arm=80, repeats_per_arm=8)
    key = made.key()
    clean = audit_files(made, key)
    assert clean.chance[0] <= clean.auc <= clean.chance[1]
    assert clean.chance[0] < 0.5 < clean.chance[1]
    assert not clean.found
    for name, one in key.items.items():
        if one.arm == "synthetic":
            os.utime(made.folder / "images" / f"{name}.png", (946_684_900, 946_684_900))
    leak = audit_files(made, key)
    assert leak.found and leak.auc == 1


def test_a_compressed_file_gives_smooth_synthetic_images_away(tmp_path: Path) -> None:
    real = arm(40, origin="real")
    smooth = [
        replace(one, pixels=torch.nn.functional.avg_pool2d(one.pixels.float(), 5, 1, 2).to(torch.uint8))
        for one in arm(40, origin="virtual", first=500)
    ]
    settings = StudySettings(images_per_arm=40, repeats_per_arm=0, seed=3)
    made = create_study(
        tmp_path / "s", real, ImageSet("smooth", tuple(smooth)), readers=["a"], settings=settings
    )
    key = made.key()
    assert not audit_files(made, key).found
    for file in made.folder.rglob("*.png"):
        Image.open(file).save(file)
        os.utime(file, (0, 0))
    assert audit_files(made, key).found


def test_unlike_source_sizes_are_told(tmp_path: Path) -> None:
    settings = StudySettings(images_per_arm=4, repeats_per_arm=0)
    large = arm(4, origin="virtual", first=90, side=60)
    made = create_study(tmp_path / "s", arm(4, origin="real"), large, readers=["a"], settings=settings)
    assert "real images are 32 pixels wide at the median and synthetic ones 60" in sizes_differ(made.key())
    assert not sizes_differ(study(tmp_path / "t").key())


@pytest.mark.parametrize("looks", range(1, 8))
def test_orders_keep_to_blocks_and_lay_repeats_far_apart(looks: int) -> None:
    rng = np.random.default_rng(looks)
    arms = ["real"] * 20 + ["synthetic"] * 20
    blocks = draw_blocks(arms, looks, rng)
    repeats = {case: f"again {case}" for case in draw_repeats(arms, blocks, 5, rng)}
    assert len(repeats) == 10
    names = [f"case {case}" for case in range(40)]
    orders = [draw_order(names, blocks, repeats, rng) for _ in range(30)]
    for order in orders:
        assert sorted(order) == sorted([*names, *repeats.values()])
        cases = [int(one.split()[1]) for one in order]
        firsts = list(dict.fromkeys(cases))
        assert [blocks[one] for one in firsts] == sorted(blocks)
        for case in repeats:
            first, second = (place for place, one in enumerate(cases) if one == case)
            assert second - first >= gap_of(40)
    assert len({tuple(one) for one in orders}) == 30
    came_first = [one.index(names[case]) < one.index(repeats[case]) for one in orders for case in repeats]
    assert 0.3 < np.mean(came_first) < 0.7


def test_the_place_in_an_order_says_nothing_of_the_arm() -> None:
    rng = np.random.default_rng(0)
    arms = ["real"] * 30 + ["synthetic"] * 30
    places = []
    for _ in range(200):
        blocks = draw_blocks(arms, 3, rng)
        repeats = {case: f"again {case}" for case in draw_repeats(arms, blocks, 10, rng)}
        order = draw_order([f"case {case}" for case in range(60)], blocks, repeats, rng)
        held = [int(one.split()[1]) for one in order]
        places.append(
            np.mean([at for at, case in enumerate(held) if case < 30])
            - np.mean([at for at, case in enumerate(held) if case >= 30])
        )
    assert abs(np.mean(places)) < 3 * np.std(places) / np.sqrt(200)


def test_a_study_is_the_same_for_one_seed_and_another_for_another(tmp_path: Path) -> None:
    one, same, other = (study(tmp_path / str(at), seed=seed) for at, seed in enumerate((1, 1, 2)))
    assert one.design.orders == same.design.orders and one.design.images == same.design.images
    assert one.design.orders != other.design.orders


def test_a_study_is_never_overwritten(tmp_path: Path) -> None:
    made = study(tmp_path / "study")
    before = made.design.digest
    with pytest.raises(StudyError, match="is there already"):
        study(tmp_path / "study", seed=9)
    assert Study.load(tmp_path / "study").design.digest == before


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"images_per_arm": 3}, "images_per_arm is 3"),
        ({"repeats_per_arm": 7}, "repeats_per_arm is 7"),
        ({"looks": 11}, "looks is 11"),
        ({"margin": 0.5}, "margin is 0.5"),
        ({"alpha": 0}, "alpha is 0"),
        ({"trim": 0.4}, "trim is 0.4"),
        ({"size_px": 4}, "size_px is 4"),
        ({"images_per_arm": 12.5}, "images_per_arm is 12.5; it must be a whole number"),
        ({"looks": "1"}, "looks is '1'; it must be a whole number"),
        ({"margin": "0.1"}, "margin is '0.1'; it must be a finite number"),
        ({"seed": "a"}, "seed is 'a'; it must be a whole number"),
    ],
)
def test_a_setting_out_of_its_range_is_named(change: dict[str, float], match: str) -> None:
    with pytest.raises(SettingError, match=match):
        StudySettings(**{"images_per_arm": 12, "repeats_per_arm": 2, **change})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("readers", "match"),
    [([], "no reader"), (["../a"], "cannot be used"), (["a", "A"], "stands twice"), ([""], "cannot be used")],
)
def test_readers_have_names_that_files_can_have(tmp_path: Path, readers: list[str], match: str) -> None:
    with pytest.raises(SettingError, match=match):
        create_study(tmp_path / "s", arm(9, origin="real"), arm(9, origin="virtual"), readers=readers)


def test_design_and_key_of_another_version_are_refused(tmp_path: Path) -> None:
    file = study(tmp_path / "study").folder / "design.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "schema_version": 9}))
    with pytest.raises(SettingError, match="medsynth-reader-study 9"):
        Study.load(tmp_path / "study")
