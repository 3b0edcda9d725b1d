"""The shape model of lung fields: landmarks, draws that look like lungs, and none that copies anybody."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from medsynth_aug.anatomy import schematic_lungs
from medsynth_aug.anatomy.landmarks import POINTS, STRETCHES, fields_of, landmarks_of
from medsynth_aug.anatomy.pieces import largest_piece, solidity
from medsynth_aug.anatomy.shape_model import SHIPPED_SHAPES, ShapeGroup, read_shapes, write_shapes
from medsynth_aug.errors import CheckpointError, GridError, SettingError

GROUPS: tuple[ShapeGroup, ...] = ("child", "adult")
SHAPE = (200, 200)


def lungs_of(group: ShapeGroup, seed: int) -> np.ndarray:
    return read_shapes(group).draw(np.random.default_rng(seed)).fields(SHAPE).numpy()


def dice(one: np.ndarray, other: np.ndarray) -> float:
    return float(2 * (one & other).sum() / (one.sum() + other.sum()))


@pytest.mark.parametrize("shape", [(200, 200), (150, 200), (256, 180)])
def test_landmarks_give_the_fields_back_on_every_grid(shape: tuple[int, int]) -> None:
    lungs = schematic_lungs(shape).numpy()
    assert dice(fields_of(landmarks_of(lungs), shape).numpy(), lungs) > 0.97


def test_the_first_points_of_a_lung_are_its_apex_and_its_angles() -> None:
    lungs = lungs_of("child", 0)
    right, left = np.split(landmarks_of(lungs), 2)
    lateral, medial = STRETCHES[0], STRETCHES[0] + STRETCHES[1]
    for side in (right, left):
        assert side[0, 1] < side[:, 1].min() + 0.02
        assert side[lateral, 1] > side[0, 1] + 0.2
    assert right[lateral, 0] < right[medial, 0] < left[medial, 0] < left[lateral, 0]


def test_a_lung_that_is_not_there_has_no_landmarks() -> None:
    lungs = schematic_lungs(SHAPE).numpy()
    lungs[1] = False
    with pytest.raises(GridError, match="the left lung has no outline of at least 64 pixels; segment anew"):
        landmarks_of(lungs)


@pytest.mark.parametrize("group", GROUPS)
def test_draws_are_two_whole_lungs_on_their_own_sides_inside_the_image(group: ShapeGroup) -> None:
    for seed in range(40):
        lungs = lungs_of(group, seed)
        right, left = lungs
        assert not (right & left).any()
        assert not lungs[:, [0, -1], :].any()
        assert not lungs[:, :, [0, -1]].any()
        for side in lungs:
            assert (largest_piece(side) == side).all()
            assert solidity(side) > 0.85
            assert 0.02 < side.mean() < 0.3
        for row in np.nonzero(right.any(1) & left.any(1))[0]:
            assert np.nonzero(right[row])[0].max() < np.nonzero(left[row])[0].min()


@pytest.mark.parametrize("group", GROUPS)
def test_no_draw_is_nearer_to_a_real_outline_than_real_ones_are_to_one_another(group: ShapeGroup) -> None:
    model = read_shapes(group)
    rng = np.random.default_rng(1)
    for _ in range(60):
        aligned = align_to(model.mean.reshape(-1, 2), model.draw(rng).points).ravel()
        coefficients = model.modes @ (aligned - model.mean)
        assert model.distances(coefficients).min() >= 0.98 * float(model.nearest)


def align_to(mean: np.ndarray, points: np.ndarray) -> np.ndarray:
    from skimage.transform import SimilarityTransform

    return np.asarray(SimilarityTransform.from_estimate(mean, points).inverse(points))


def test_a_model_that_knows_every_draw_refuses_them_all(tmp_path: Path) -> None:
    held = dict(load_file(SHIPPED_SHAPES))
    held["child.nearest"] = np.array(100.0, np.float16)
    save_file(held, tmp_path / "shapes.safetensors")
    with pytest.raises(SettingError, match="none of 200 draws gave lungs inside the image"):
        read_shapes("child", tmp_path / "shapes.safetensors").draw(np.random.default_rng(0))


def test_draws_differ_and_a_seed_gives_the_same_one() -> None:
    assert (lungs_of("adult", 3) == lungs_of("adult", 3)).all()
    assert dice(lungs_of("adult", 3), lungs_of("adult", 4)) < 0.97


def test_children_have_shorter_lungs_than_adults() -> None:
    ratios = {
        group: np.mean([height_over_width(lungs_of(group, seed)) for seed in range(20)]) for group in GROUPS
    }
    assert ratios["child"] < ratios["adult"]


def height_over_width(lungs: np.ndarray) -> float:
    rows, columns = np.nonzero(lungs.any(0))
    return float(np.ptp(rows) / np.ptp(columns))


def test_a_deeper_breath_lowers_the_bases_and_leaves_the_apices() -> None:
    shape = read_shapes("adult").draw(np.random.default_rng(0))
    before, after = shape.fields(SHAPE).any(0), shape.inspired(1.05).fields(SHAPE).any(0)
    tops = [int(torch.nonzero(one.any(1))[0]) for one in (before, after)]
    ends = [int(torch.nonzero(one.any(1))[-1]) for one in (before, after)]
    assert abs(tops[0] - tops[1]) <= 1
    assert ends[1] > ends[0]
    with pytest.raises(SettingError, match=r"0\.8 to 1\.2"):
        shape.inspired(1.5)


def test_a_model_is_read_as_it_was_written(tmp_path: Path) -> None:
    model = read_shapes("child")
    write_shapes({"child": model}, tmp_path / "shapes.safetensors")
    again = read_shapes("child", tmp_path / "shapes.safetensors")
    rng, same = np.random.default_rng(5), np.random.default_rng(5)
    assert (model.draw(rng).points == again.draw(same).points).all()
    with pytest.raises(CheckpointError, match="holds no shape model of adult"):
        read_shapes("adult", tmp_path / "shapes.safetensors")


def test_the_shipped_file_is_small_and_a_missing_or_foreign_one_is_named(tmp_path: Path) -> None:
    assert SHIPPED_SHAPES.stat().st_size < 300_000
    with pytest.raises(CheckpointError, match="cannot be read as a shape model"):
        read_shapes("child", tmp_path / "none.safetensors")
    with pytest.raises(SettingError, match="group is 'elephant'"):
        read_shapes("elephant")  # type: ignore[arg-type]


def test_every_point_has_a_number() -> None:
    assert len(landmarks_of(lungs_of("adult", 0))) == POINTS == 2 * sum(STRETCHES)
